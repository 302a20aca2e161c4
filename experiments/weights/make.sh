#!/bin/sh
# Trains weights that ship, measures them and writes them into the package: sh experiments/weights/make.sh photo
# Stopped, it goes on where it was when it is called again; what is done is left as it is.
set -eu
cd "$(dirname "$0")/../.."
PATH="$PWD/.venv/bin:$PATH"

name=${1:-}
case $name in
  photo) test=cbsd68; set -- data.channels=3 trainer.max_epochs=28 ;;
  grey) test=bsd68; set -- data.channels=1 trainer.max_epochs=40 ;;
  *) echo "usage: sh experiments/weights/make.sh photo|grey" >&2; exit 2 ;;
esac
run=outputs/weights/$name
exported=outputs/weights/exported

finished() { grep -q '"status": "ok"' "$1/results.json" 2>/dev/null; }

export_to() { denoiser export "$run" -o "$@" --name "$name" --format safetensors --half --overwrite; }

if finished "$run"; then
  echo "trained already: $run"
elif [ -f "$run/checkpoints/last.ckpt" ]; then
  denoiser run "resume=$run"
else
  denoiser run data=bsds500 data.batch_size=16 data.patch_size=96 data.crops_per_image=16 'noise.sigma_range=[0,55]' \
    objective.loss=l1 'model.network.widths=[48,96,192]' model.network.slope=0.2 optimizer.lr=0.005 \
    trainer.check_val_every_n_epoch=4 "$@" "hydra.run.dir=$run"
fi

export_to "$exported"  # beside the package, which gets nothing that is not measured
sha=$(sha256sum "$exported/$name.safetensors" | cut -c1-12)
evaluation=outputs/weights/evaluations/$name-$sha
if finished "$evaluation"; then
  echo "measured already: $evaluation"
else
  rm -rf "$evaluation"  # of an evaluation that was broken off
  denoiser evaluate "checkpoint=$exported/$name.safetensors" "data=$test" 'test.sigma=[15,25,50]' \
    "hydra.run.dir=$evaluation"
fi
export_to denoiser/weights --results "$evaluation"  # refused unless these are the very weights that were measured
