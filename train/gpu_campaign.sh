#!/usr/bin/env bash
# Train mobile and studio on a GPU for a limited time; see gpu_campaign.md.
#   train/gpu_campaign.sh PACK OUT SECONDS [options of facestyle train]
# PACK: folder with style.tar, faces.tar, photos.tar and vgg19_distilled_16x.safetensors.
# OUT: gets mobile.safetensors, studio.safetensors (averaged weights), metrics.csv, log.txt, sheet.jpg.
set -euo pipefail
cd "$(dirname "$0")/.."
pack=$1 out=$2 seconds=$3
shift 3
mkdir -p "$out"
export PYTHONUNBUFFERED=1 PYTHONPATH="$PWD${PYTHONPATH:+:$PYTHONPATH}"
if compgen -G ".whl/*.whl" >/dev/null; then
    python3 -m pip install -q --no-index --no-deps --no-compile --no-cache-dir --target /tmp/site .whl/*.whl
    export PYTHONPATH="/tmp/site:$PYTHONPATH"
fi
run=${RUN:-/tmp/gpu_run}
# SIGTERM saves a checkpoint first, so what was learnt until then is kept.
timeout --signal=TERM --kill-after=30 "$seconds" python3 -c "from train.cli import train; train()" mobile \
    --content "$pack/faces.tar" --content "$pack/faces.tar" --content "$pack/photos.tar" \
    --style "$pack/style.tar" --perceptual "$pack/vgg19_distilled_16x.safetensors" \
    --out "$run" "$@" 2>&1 | tr '\r' '\n' | awk 'NR % 40 == 1 || !/step\/s|s\/step/' | tee "$out/log.txt" | tail -n 60 ||
    echo "stopped"
python3 -m train.average "$run" --out "$out"
cp "$run/metrics.csv" "$out/metrics.csv"
ls "$run"/samples/*.jpg >/dev/null 2>&1 && cp "$(ls "$run"/samples/*.jpg | tail -1)" "$out/sheet.jpg"
tail -n 1 "$out/metrics.csv"
