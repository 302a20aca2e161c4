#!/bin/bash
# Runs train_camera.py on a GPU within a given time, in a folder that carry.sh wrote.
#   bash gpu.sh measure 60        measures the time of steps
#   bash gpu.sh camera 480        trains the colour network
#   bash gpu.sh grey 120          trains the grey network
#   bash gpu.sh white 480         trains a colour network for white noise on the same free photographs; white-grey a grey one
# Weights and log are written to $OUT during training. If CUDA graphs fail, it goes on without them in the remaining time.
set -u
end=$((SECONDS + ${2:?seconds}))
here=$(cd "$(dirname "$0")" && pwd)
OUT=${OUT:-$here/out}
PYTHON=${PYTHON:-python3}
pool=${POOL:-/tmp/camera-pool.pt}
mkdir -p "$OUT"
export PYTHONPATH=$here/src PYTHONUNBUFFERED=1
cd "$here/src"

# shellcheck disable=SC2086
[ -f "$pool" ] || { "$PYTHON" gather.py "$here/photos" "$pool.new" ${GATHER:-} && mv "$pool.new" "$pool"; }
echo "gathered after $SECONDS s"
common=(--pool "$pool" --real "$here/real" --photos "$here/cbsd68" --out "$OUT")
white='{"camera": 0, "resized": 0, "correlated": 0, "clean": 0.05, "saved": 0.1}'
case $1 in
  camera) kind=(--channels 3 --name camera) ;;
  grey) kind=(--channels 1 --name camera-grey) ;;
  white) kind=(--channels 3 --name white --shares "$white" --widths 48 96 192) ;;
  white-grey) kind=(--channels 1 --name white-grey --shares "$white" --widths 48 96 192) ;;
  measure)
    timeout $((end - SECONDS)) "$PYTHON" measure_steps.py "${common[@]}" ${OPTIONS:-} --seconds 60 --graph
    timeout $((end - SECONDS)) "$PYTHON" measure_steps.py "${common[@]}" ${OPTIONS:-} --seconds 60 --graph --compile
    exit 0 ;;
  *) echo "usage: bash gpu.sh measure|camera|grey|white|white-grey SECONDS" >&2; exit 2 ;;
esac
for way in "${WAY---graph}" ""; do  # --compile gained nothing on an H200
  left=$((end - SECONDS - 6))  # the scores and files at the end take a few
  [ "$left" -gt 15 ] || break
  # shellcheck disable=SC2086
  "$PYTHON" train_camera.py "${common[@]}" "${kind[@]}" ${OPTIONS:-} $way --seconds "$left" && break
  echo "failed: $way; $((end - SECONDS)) s left"
done
