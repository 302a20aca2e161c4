"""Keys that have another name here: those of earlier versions, and arguments of Lightning's Trainer that groups set."""

from __future__ import annotations

ELSEWHERE = {
    "optimizer.schedule": "scheduler={value}",
    "optimizer.warmup": "scheduler.warmup={value}",
    "trainer.barebones": "make bench, which measures the speed without what a run writes",
    "trainer.callbacks": "+callbacks.NAME._target_=lightning.pytorch.callbacks.CLASS adds one",
    "trainer.default_root_dir": "hydra.run.dir={value}",
    "trainer.enable_checkpointing": "'~callbacks.best_checkpoint' '~callbacks.last_checkpoint' to save none",
    "trainer.enable_progress_bar": "callbacks.progress.style=none, or rich",
    "trainer.logger": "logger=none, or another choice of logger",
    "trainer.plugins": "trainer.precision and trainer.strategy choose those of Lightning",
    "trainer.use_distributed_sampler": "leave it out: every process draws its own share",
}
"""What to type instead of each key."""


def instead(key: str, value: str) -> str | None:
    """What to type instead of a key; None where the table does not have it.

    >>> instead("optimizer.schedule", "cosine")
    'scheduler=cosine'
    """
    return ELSEWHERE[key].format(value=value) if key in ELSEWHERE else None
