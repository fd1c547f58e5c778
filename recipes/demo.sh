#!/usr/bin/env bash
# The whole way in one go: sounds in, a model that reasons about them out. `make demo` runs this; every step is a command
# you can type yourself. It can be stopped and started again: what is finished is not done twice.
#   CLIPS=2000 TRAIN_MINUTES=2 make demo      shorter
#   FRESH=1 make demo                         from the beginning
set -euo pipefail
cd "$(dirname "$0")/.."

CLIPS=${CLIPS:-8000}
TRAIN_MINUTES=${TRAIN_MINUTES:-}
# Short scenes of up to four sounds out of ten: what a model of three million weights can learn in minutes.
SCENES=(--min-events 1 --max-events 4 --event-seconds 0.3 0.6 --gap-seconds 0.1 0.3
    --classes bell,bird,clap,dog,drum,engine,glass,rain,siren,whistle)
ASKED=first,last,before,after,presence,count,count_of,order
# A brief chain has fewer tokens; a model that has learned too little to stop is stopped here.
MOST=256
RUN=runs/demo BENCH=runs/demo-bench MODEL=models/demo EVAL=runs/demo-eval

if [ -n "${FRESH:-}" ]; then rm -rf "$RUN" "$BENCH" "$MODEL" "$EVAL"; fi
started=$SECONDS
step() {
    printf '\n\033[1m── %s\033[0m  (%d:%02d since the start)\n' "$1" $(((SECONDS - started) / 60)) $(((SECONDS - started) % 60))
}
run() {
    printf '\033[2m$ %s\033[0m\n' "$*"
    "$@"
}

step "1 of 6  Synthesise $CLIPS scenes: recipes with an exact timeline"
run audio-reasoner synth complex -n "$CLIPS" --seed 1 "${SCENES[@]}" -o "$RUN"

step "2 of 6  Build the structured-reasoning data set, offline"
run audio-reasoner build "$RUN" --recipe recipes/tiny.yaml
run audio-reasoner report "$RUN"

step "3 of 6  Train a small Qwen2-Audio-class model from scratch"
if [ -f "$MODEL/metrics.json" ]; then
    echo "$MODEL is there already; FRESH=1 trains it again"
else
    run audio-reasoner train recipes/tiny.yaml --data "$RUN" -o "$MODEL" --resume ${TRAIN_MINUTES:+--minutes "$TRAIN_MINUTES"}
fi

step "4 of 6  Make a test of scenes it has never heard"
if [ -f "$BENCH/mmau-test-mini.json" ]; then
    echo "$BENCH is there already"
else
    run audio-reasoner synth benchmark -n 400 --seed 9001 "${SCENES[@]}" --families "$ASKED" -o "$BENCH"
fi

step "5 of 6  Ask it about one of them"
# The first question about order: its recording, its text, its options.
mapfile -d '' -t asked < <(python3 - "$BENCH" <<'PY'
import json, sys
items = json.load(open(f"{sys.argv[1]}/mmau-test-mini.json", encoding="utf-8"))
item = next((i for i in items if i["sub-category"] == "order"), items[0])
parts = [f"{sys.argv[1]}/{item['audio_id']}", item["question"]]
for choice in item["choices"]:
    parts += ["--option", choice]
print(*parts, sep="\0", end="\0")
PY
)
run audio-reasoner ask "${asked[@]}" --model "$MODEL" --max-new-tokens "$MOST"

step "6 of 6  Score it"
run audio-reasoner eval run mmau-mini --data "$BENCH" --model "$MODEL" -o "$EVAL" --batch-size 100 --max-new-tokens "$MOST"
run audio-reasoner eval compare "$EVAL" -o "$EVAL/report.html"

step "Done"
echo "data set report   $RUN/report.html"
echo "model             $MODEL"
echo "evaluation        $EVAL/report.html"
echo "predictions       $EVAL/predictions.jsonl"
if [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ] && command -v xdg-open >/dev/null; then
    xdg-open "$RUN/report.html" >/dev/null 2>&1 || true
fi
