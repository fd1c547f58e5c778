#!/usr/bin/env bash
# The whole way in one go: a question to the model that comes with the package, a data set, a test, a score. `make demo`
# runs this; every step is a command you can type yourself. It can be stopped and started again: what is finished is not
# done twice.
#   TRAIN=1 make demo                         also train a small model from nothing (8 minutes) and score it beside the other
#   CLIPS=8000 TRAIN=1 TRAIN_MINUTES=2 make demo
#   FRESH=1 make demo                         from the beginning
set -euo pipefail
cd "$(dirname "$0")/.."

TRAIN=${TRAIN:-}
CLIPS=${CLIPS:-$([ -n "$TRAIN" ] && echo 8000 || echo 1000)}
TRAIN_MINUTES=${TRAIN_MINUTES:-}
# Short scenes of up to four sounds out of ten: the world that the bundled model knows.
SCENES=(--min-events 1 --max-events 4 --event-seconds 0.3 0.6 --gap-seconds 0.1 0.3
    --classes bell,bird,clap,dog,drum,engine,glass,rain,siren,whistle)
ASKED=first,last,before,after,presence,count,count_of,order
# A brief chain has fewer tokens; a model that has learned too little to stop is stopped here.
MOST=256
RUN=runs/demo BENCH=runs/demo-bench MODEL=models/demo EVAL=runs/demo-eval

if [ -n "${FRESH:-}" ]; then rm -rf "$RUN" "$BENCH" "$MODEL" "$EVAL" "$EVAL-trained"; fi
started=$SECONDS
step() {
    printf '\n\033[1m── %s\033[0m  (%d:%02d since the start)\n' "$1" $(((SECONDS - started) / 60)) $(((SECONDS - started) % 60))
}
run() {
    printf '\033[2m$ %s\033[0m\n' "$*"
    "$@"
}

step "Make a test of scenes that no model here has heard"
if [ -f "$BENCH/mmau-test-mini.json" ]; then
    echo "$BENCH is there already"
else
    run audio-reasoner synth benchmark -n 400 --seed 9001 "${SCENES[@]}" --families "$ASKED" -o "$BENCH"
fi

step "Ask the model that comes with the package about one of them"
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
run audio-reasoner ask "${asked[@]}"
run audio-reasoner ask "${asked[@]}" --samples 8

step "Score it"
run audio-reasoner eval run mmau-mini --data "$BENCH" --model nano -o "$EVAL" --batch-size 100 --max-new-tokens "$MOST"

step "Synthesise $CLIPS scenes: recipes with an exact timeline"
run audio-reasoner synth complex -n "$CLIPS" --seed 1 "${SCENES[@]}" -o "$RUN"

step "Build a structured-reasoning data set of them, offline"
run audio-reasoner build "$RUN" --recipe recipes/tiny.yaml
run audio-reasoner report "$RUN"

evals=("$EVAL")
if [ -n "$TRAIN" ]; then
    step "Train a small Qwen2-Audio-class model from nothing"
    if [ -f "$MODEL/metrics.json" ]; then
        echo "$MODEL is there already; FRESH=1 trains it again"
    else
        run audio-reasoner train recipes/tiny.yaml --data "$RUN" -o "$MODEL" --resume ${TRAIN_MINUTES:+--minutes "$TRAIN_MINUTES"}
    fi
    run audio-reasoner eval run mmau-mini --data "$BENCH" --model "$MODEL" -o "$EVAL-trained" --batch-size 100 --max-new-tokens "$MOST"
    evals+=("$EVAL-trained")
fi

step "Compare"
run audio-reasoner eval compare "${evals[@]}" -o "$EVAL/report.html"

step "Done"
echo "data set report   $RUN/report.html"
echo "evaluation        $EVAL/report.html"
echo "predictions       $EVAL/predictions.jsonl"
if [ -n "$TRAIN" ]; then echo "model             $MODEL"; else echo "TRAIN=1 make demo trains a model of your own from the data set (8 minutes)"; fi
if [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ] && command -v xdg-open >/dev/null; then
    xdg-open "$RUN/report.html" >/dev/null 2>&1 || true
fi
