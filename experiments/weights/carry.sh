#!/bin/sh
# Copies what gpu.sh needs on another machine into one folder, under 52 MB: sh experiments/weights/carry.sh DATA FOLDER
# DATA holds free-photos, polyu-dev and BSDS500 in their usual layout. Then: bash FOLDER/gpu.sh measure|camera|grey|white|white-grey SECONDS
# The machine needs torch, numpy, Pillow, PyYAML and safetensors; Hydra and OmegaConf, which are Python alone, are copied.
set -eu
cd "$(dirname "$0")/../.."
data=$1 to=$2
rm -rf "$to"
mkdir -p "$to/src" "$to/cbsd68"
cp -r denoiser conf "$to/src/"
rm "$to"/src/denoiser/weights/*.safetensors
"${PYTHON:-.venv/bin/python}" -c 'import antlr4, hydra, omegaconf; print(*antlr4.__path__, *hydra.__path__, *omegaconf.__path__, sep="\n")' |
  while read -r package; do cp -r "$package" "$to/src/"; done
cp experiments/weights/gpu.sh "$to/"
cp experiments/weights/gather.py experiments/weights/batches.py experiments/weights/scores.py "$to/src/"
cp experiments/weights/train_camera.py experiments/weights/measure_steps.py "$to/src/"
cp -r "$data/free-photos" "$to/photos"
cp -r "$data/polyu-dev" "$to/real"
while read -r _ id; do cp "$data/BSR/BSDS500/data/images/val/$id.jpg" "$to/cbsd68/"; done < "$data/BSD68/ids.txt"
find "$to" -name __pycache__ -prune -exec rm -rf {} +
chmod -R u+w "$to"
du -sb "$to"
