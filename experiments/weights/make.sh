#!/bin/sh
# Train the weights of the package, evaluate them and write them into the package: sh experiments/weights/make.sh photo
# After an interruption, the same command resumes. Finished steps are skipped.
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
  echo "already trained: $run"
elif [ -f "$run/checkpoints/last.ckpt" ]; then
  denoiser run "resume=$run"
else
  denoiser run data=bsds500 data.batch_size=16 data.patch_size=96 data.crops_per_image=16 'noise.sigma_range=[0,55]' \
    objective.loss=l1 'model.network.widths=[48,96,192]' model.network.slope=0.2 optimizer.lr=0.005 \
    trainer.check_val_every_n_epoch=4 "$@" "hydra.run.dir=$run"
fi

export_to "$exported"  # outside the package: only evaluated weights go into it
sha=$(sha256sum "$exported/$name.safetensors" | cut -c1-12)
evaluation=outputs/weights/evaluations/$name-$sha
if finished "$evaluation"; then
  echo "already evaluated: $evaluation"
else
  rm -rf "$evaluation"  # left by an interrupted evaluation
  denoiser evaluate "checkpoint=$exported/$name.safetensors" "data=$test" 'test.sigma=[15,25,50]' \
    "hydra.run.dir=$evaluation"
fi
export_to denoiser/weights --results "$evaluation"  # refused if the evaluation is of other weights
