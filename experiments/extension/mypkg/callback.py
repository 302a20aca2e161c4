"""The norm of the weights."""

from pathlib import Path

from lightning.pytorch import Callback, LightningModule, Trainer


class WeightNorm(Callback):
    """Append the norm of the weights after each epoch to `weight_norm.txt` of the run folder."""

    def __init__(self, folder: str) -> None:
        self.file = Path(folder) / "weight_norm.txt"

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write a line."""
        norm = sum(float(p.detach().square().sum()) for p in pl_module.parameters()) ** 0.5
        with self.file.open("a") as file:
            file.write(f"{trainer.current_epoch + 1} {norm:.4f}\n")
