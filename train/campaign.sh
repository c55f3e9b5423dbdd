#!/usr/bin/env bash
# Resume the training campaign on core 0, in the background; see CAMPAIGN.md.
#   train/campaign.sh DATA VGG [options of facestyle train]
# DATA: folder with faces_train.tar, photos_train.tar, art_train.tar and art_extra_train.tar.
# VGG: a distilled VGG-19. A run that was lost begins from the weights in train/campaign/.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ $# -lt 2 ]; then
    echo "usage: train/campaign.sh DATA VGG [options of facestyle train]" >&2
    exit 2
fi
data=$1 vgg=$2
shift 2
run=runs/campaign
for file in "$data"/{faces,photos,art,art_extra}_train.tar "$vgg"; do
    if [ ! -f "$file" ]; then
        echo "$file is missing; see train/CAMPAIGN.md" >&2
        exit 2
    fi
done
mkdir -p "$run"
if pgrep --full "train campaign .*--out $run" >/dev/null; then
    echo "the campaign runs already; tail -f $run/log.txt" >&2
    exit 2
fi
OMP_NUM_THREADS=1 setsid nohup taskset -c 0 "${FACESTYLE:-.venv/bin/facestyle}" train campaign \
    --content "$data/faces_train.tar" --content "$data/faces_train.tar" \
    --content "$data/photos_train.tar" \
    --style "$data/art_train.tar" --style "$data/art_extra_train.tar" \
    --perceptual "$vgg" --out "$run" --resume "$@" </dev/null >>"$run/log.txt" 2>&1 &
echo "runs on core 0: tail -f $run/log.txt; stop it with: pkill -INT -f 'train campaign'"
