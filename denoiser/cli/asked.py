"""What can be asked of `denoiser evaluate` on the command line, and what is of a training."""

from __future__ import annotations

from collections.abc import Sequence

from denoiser.config import options
from denoiser.errors import DenoiserError

HELP = """denoiser evaluate: score denoisers on one noise, per image, in one table.

  denoiser evaluate checkpoint=RUN data=cbsd68                       a run, on test pictures
  denoiser evaluate checkpoint=photo data=cbsd68                     weights that come with the package: photo, grey
  denoiser evaluate 'checkpoint=[a,b]' 'baseline=[nlm,bm3d]' ...     several methods, with paired differences
  denoiser evaluate weights=dncnn_25.pth data=bsd68 noise.sigma=25   published weights
  denoiser evaluate ... 'test.sigma=[15,25,50]'                      several noise levels
  denoiser evaluate -m data=set12,bsd68 ...                          a sweep, with one summary
  denoiser evaluate --cfg job                                        shows every key and its value

It writes into outputs/DATE/TIME (hydra.run.dir=DIR: elsewhere): results.csv, results.json, table.md, table.tex,
report.html and images/.

baseline: noisy, nlm, tv, wavelet, bm3d
data: {data}
noise: {noise}
"""
KINDS = ("checkpoint", "weights", "baseline")
"""The keys that name methods."""
TRAINING = ("model", "objective", "optimizer", "trainer", "callbacks", "logger", "resume")
OF_BATCHES = ("batch_size", "patch_size", "crops_per_image", "flip", "num_workers", "split_seed", "images", "size")
"""Keys of data that only a training has use for."""


def usage() -> str:
    """The command's help."""
    data = [name for name in options("data") if name != "synthetic"]  # which is there to train on
    return HELP.format(data=", ".join(data), noise=", ".join(options("noise")))


def check(arguments: Sequence[str]) -> None:
    """Refuse what would be left without effect.

    Raises:
        DenoiserError: a key is of a training, or names methods a second time, which Hydra would take instead.
    """
    given = [argument.lstrip("+~").partition("=")[::2] for argument in arguments]
    for key, value in given:
        if key.partition(".")[0] in TRAINING or key in [f"data.{name}" for name in OF_BATCHES]:
            fix = "leave it out; checkpoint=RUN, weights=FILE or baseline=NAME say what is evaluated"
            raise DenoiserError(f"'{key}' is of a training ({key}={value})", fix)
    for kind in KINDS:
        several = [value for key, value in given if key == kind]
        if len(several) > 1:
            raise DenoiserError(f"{kind} is given twice ({kind})", f"'{kind}=[{','.join(several)}]'")
