"""What a checkpoint records of a training besides its weights: the pictures that it has seen, and where it started."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from lightning.pytorch import LightningModule

from denoiser.data import leaks
from denoiser.data.base import PairsDataModule
from denoiser.runs import checkpoint
from denoiser.trust import names_of_files


class Recorded(LightningModule):
    """A model that knows which pictures it was trained or selected on, in this process as in its checkpoints.

    Attributes:
        seen: record of these pictures, see `data.leaks`; None where that is not known.
        init: what is recorded of the weights that its training started from; None without any.
        earlier: records of the pictures of the trainings before.
    """

    def __init__(self) -> None:
        super().__init__()
        self.seen: Mapping[str, Any] | None = None
        self.init: dict[str, Any] | None = None
        self.earlier: tuple[Mapping[str, Any], ...] = ()

    def start_from(self, init: Mapping[str, Any], earlier: Sequence[Mapping[str, Any]]) -> None:
        """Keep what is recorded of the weights that the training starts from.

        Args:
            init: plain values, `name` and `trained_on` among them.
            earlier: records of the pictures that they were trained or selected on, see `data.leaks`.
        """
        self.init, self.earlier = dict(init), tuple(earlier)
        words = f"started from {init['name']}" + (f" ({init['trained_on']})" if init["trained_on"] else "")
        self.hparams["trained_on"] = "; ".join(filter(None, [self.hparams["trained_on"], words]))

    def on_fit_start(self) -> None:
        """Keep the record of the pictures of training and validation, see `on_save_checkpoint`, and an earlier one."""
        data = self._datamodule()
        if self.seen is not None and self.trainer.ckpt_path is None:
            self.earlier = (*self.earlier, *leaks.chain(self.seen))
        self.seen = leaks.training_record(data, self.earlier) if isinstance(data, PairsDataModule) else None

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Record the pictures of training and validation, so that an evaluation on them is detected."""
        super().on_save_checkpoint(checkpoint)
        data = self._datamodule()
        if isinstance(data, PairsDataModule):
            checkpoint["seen"] = leaks.training_record(data, self.earlier)
        if self.init is not None:
            checkpoint["init"] = self.init

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep what the training started from."""
        super().on_load_checkpoint(checkpoint)
        if "init" in checkpoint:
            self.start_from(checkpoint["init"], (checkpoint.get("seen") or {}).get("earlier", ()))

    @classmethod
    def load_from_checkpoint(  # type: ignore[override]
        cls, checkpoint_path: str | os.PathLike[str], *args: Any, trust: Sequence[str] = (), **keywords: Any
    ) -> Self:
        """Lightning's own, which executes nothing that the file holds, and only names what a file may name.

        Args:
            checkpoint_path: a local file.
            *args: see Lightning's.
            trust: packages of your own whose classes the file may name.
            **keywords: see Lightning's: `network=` and other parts that were given as objects.

        Raises:
            DenoiserError: there is no such file, it is damaged, or names what is not allowed.
        """
        seen = checkpoint.read(Path(checkpoint_path)).get("seen")
        with names_of_files(trust):
            model = super().load_from_checkpoint(Path(checkpoint_path), *args, **{**keywords, "weights_only": True})
        model.seen = seen
        return model

    def _datamodule(self) -> Any:
        """The data of the trainer; None without them, or without a trainer, as in an export."""
        try:
            return getattr(self.trainer, "datamodule", None)
        except RuntimeError:  # Lightning's answer where there is no trainer
            return None
