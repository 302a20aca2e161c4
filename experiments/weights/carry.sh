#!/bin/sh
# Copies what gpu.sh needs on another machine into one folder, under 48 MB: sh experiments/weights/carry.sh DATA FOLDER
# DATA holds free-photos, polyu-dev and BSDS500 in their usual layout. Then: bash FOLDER/gpu.sh measure|camera|grey|white|white-grey SECONDS
set -eu
cd "$(dirname "$0")/../.."
data=$1 to=$2
rm -rf "$to"
parts=$to/src/denoiser
mkdir -p "$parts/models" "$parts/noise" "$parts/training" "$parts/data" "$to/cbsd68"
echo '"""The parts of denoiser that training needs."""' > "$parts/__init__.py"
cp denoiser/errors.py "$parts/"
cp denoiser/models/__init__.py denoiser/models/unet.py "$parts/models/"
cp denoiser/noise/*.py "$parts/noise/"
cp -r denoiser/noise/camera "$parts/noise/camera"
cp denoiser/training/__init__.py denoiser/training/muon.py "$parts/training/"
cp denoiser/data/__init__.py "$parts/data/"
cp -r denoiser/data/dead_leaves "$parts/data/dead_leaves"
cp experiments/weights/gpu.sh "$to/"
cp experiments/weights/gather.py experiments/weights/batches.py experiments/weights/scores.py "$to/src/"
cp experiments/weights/train_camera.py experiments/weights/measure_steps.py "$to/src/"
cp -r "$data/free-photos" "$to/photos"
cp -r "$data/polyu-dev" "$to/real"
while read -r _ id; do cp "$data/BSR/BSDS500/data/images/val/$id.jpg" "$to/cbsd68/"; done < "$data/BSD68/ids.txt"
find "$to" -name __pycache__ -exec rm -rf {} +
chmod -R u+w "$to"
du -sb "$to"
