#!/bin/sh
# Trains weights that ship, writes them into the package and measures them: sh experiments/weights/make.sh photo
# Stopped, it goes on where it was when it is called again; what is done is left as it is.
set -eu
cd "$(dirname "$0")/../.."
PATH="$PWD/.venv/bin:$PATH"

name=${1:-}
case $name in
  photo) channels=3 test=cbsd68 ;;
  grey) channels=1 test=bsd68 ;;
  *) echo "usage: sh experiments/weights/make.sh photo|grey" >&2; exit 2 ;;
esac
run=outputs/weights/$name
weights=denoiser/weights/$name.safetensors

finished() { grep -q '"status": "ok"' "$1/results.json" 2>/dev/null; }

export_weights() {
  denoiser export "$run" -o denoiser/weights --name "$name" --format safetensors --half --overwrite "$@"
}

if finished "$run"; then
  echo "trained already: $run"
elif [ -f "$run/checkpoints/last.ckpt" ]; then
  denoiser run "resume=$run"
else
  denoiser run data=bsds500 "data.channels=$channels" data.batch_size=16 data.patch_size=96 data.crops_per_image=16 \
    'noise.sigma_range=[0,55]' objective.loss=l1 'model.network.widths=[48,96,192]' trainer.max_epochs=28 \
    trainer.check_val_every_n_epoch=4 "hydra.run.dir=$run"
fi

export_weights
sha=$(sha256sum "$weights" | cut -c1-12)  # figures are of these very weights
evaluation=outputs/weights/evaluations/$name-$sha
if finished "$evaluation"; then
  echo "measured already: $evaluation"
else
  rm -rf "$evaluation"  # of an evaluation that was broken off
  denoiser evaluate "checkpoint=$name" "data=$test" 'test.sigma=[15,25,50]' \
    "hydra.run.dir=$evaluation"
fi
export_weights --results "$evaluation"
