#!/usr/bin/env bash
# The bundled small model, from nothing: generated sound, its data set, a training of at most 90 minutes on two cores, its
# test on other seeds, and the package's copy of it in 16 bits. It can be stopped and started again at any place.
#   bash recipes/nano.sh                      (docs/nano.md tells what comes out)
#   MINUTES=2 SHARE=20 bash recipes/nano.sh   a twentieth of the clips and two minutes of training, to see that it works
set -euo pipefail
cd "$(dirname "$0")/.."

OUT=${OUT:-runs/nano} MODEL=${MODEL:-models/nano} SHARE=${SHARE:-1} MINUTES=${MINUTES:-}
SOUNDS=bell,bird,clap,dog,drum,engine,glass,rain,siren,whistle
PLAYERS=piano,violin,trumpet,guitar,drums,bass
SCENES=(--min-events 1 --max-events 4 --event-seconds 0.3 1.2 --gap-seconds 0.1 0.3 --classes "$SOUNDS")
MIXES=(--kind composite --tracks 2 2 --track-seconds 3 5 --targets 0 2 --classes "$SOUNDS")
MUSIC=(--max-seconds 12 --instruments "$PLAYERS")
LISTS=(--speakers 1 4 --max-turns 5)

run() {
    printf '\033[2m$ %s\033[0m\n' "$*"
    "$@"
}
# clips FOLDER FIRST_SEED SCENES MIXES LISTS MUSIC: four runs of so many clips
clips() {
    run audio-reasoner synth complex -n $(($3 / SHARE)) --seed "$2" "${SCENES[@]}" -o "$1/scenes"
    run audio-reasoner synth complex -n $(($4 / SHARE)) --seed $(($2 + 1)) "${MIXES[@]}" -o "$1/mixes"
    run audio-reasoner synth lists -n $(($5 / SHARE)) --seed $(($2 + 2)) "${LISTS[@]}" -o "$1/lists"
    run audio-reasoner synth music -n $(($6 / SHARE)) --seed $(($2 + 2)) "${MUSIC[@]}" -o "$1/music"
}

clips "$OUT/train" 101 8000 3000 6000 3000
DATA=()
for kind in scenes mixes lists music; do
    [ -d "$OUT/train/$kind/dataset" ] || run audio-reasoner build "$OUT/train/$kind" --recipe recipes/nano.yaml
    DATA+=(--data "$OUT/train/$kind")
done

if [ ! -f "$MODEL-first/metrics.json" ]; then
    run audio-reasoner train recipes/nano.yaml "${DATA[@]}" -o "$MODEL-first" --resume ${MINUTES:+--minutes "$MINUTES"}
fi
if [ ! -f "$MODEL/metrics.json" ]; then
    run audio-reasoner train recipes/nano-open.yaml --model "$MODEL-first" "${DATA[@]}" -o "$MODEL" --resume ${MINUTES:+--minutes "$MINUTES"}
fi

clips "$OUT/test" 9101 4000 1000 2000 800
BENCHES=()
for kind in scenes mixes lists music; do
    bench="$OUT/bench/$kind"
    case $kind in
        scenes) asked=(-n $((1350 / SHARE)) --families first,last,before,after,order,count,count_of,presence,longest) ;;
        mixes) asked=(-n $((150 / SHARE)) --families target) ;;
        lists) asked=(-n $((600 / SHARE)) --families voices,spoken_order,spoken_nth,spoken_count) ;;
        music) asked=(-n $((300 / SHARE)) --families tempo,instrument) ;;
    esac
    [ -f "$bench/mmau-test-mini.json" ] || run audio-reasoner synth benchmark --run "$OUT/test/$kind" --seed 9100 "${asked[@]}" -o "$bench"
    BENCHES+=("$bench")
done

# What is measured is what is shipped: the weights in 16 bits.
run python recipes/nano_release.py "$MODEL-first" "$MODEL" -o "$OUT/release"
run python benchmarks/nano_types.py --model "$OUT/release" -o "$OUT/types" "${BENCHES[@]}"
run python recipes/nano_release.py "$MODEL-first" "$MODEL" -o "$OUT/release" --figures "$OUT/types/figures.json"
echo "the model, its card and its figures: $OUT/release"
echo "into the package:                    cp $OUT/release/* src/audio_reasoner/assets/nano/"
