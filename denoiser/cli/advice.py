"""What was most likely meant by a key or a group that a configuration lacks."""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from denoiser.config import RUN, Application, compose, keys
from denoiser.errors import SHOWN, nearest
from denoiser.search_path import files, groups, options

KEY, GROUP = "key", "group"
"""What can be missing."""
SYNONYMS = {
    "data": "dataset datasets dataset_name",
    "model": "arch architecture backbone net network",
    "noise": "corruption degradation noise_model noise_type",
    "optimizer": "optim optimiser",
    "logger": "log loggers",
    "callbacks": "callback",
    "noise=gaussian noise.sigma": "noise_level noise_sigma noise_std sigma std stddev",
    "optimizer.lr": "base_lr init_lr learning_rate lr",
    "optimizer.weight_decay": "wd",
    "trainer.max_epochs": "epoch epochs n_epochs num_epochs total_epochs",
    "trainer.max_steps": "iterations max_iter max_iters niter num_steps steps total_iter",
    "trainer.gradient_clip_val": "clip_grad clip_norm grad_clip grad_clip_norm gradient_clip",
    "device=cuda": "cuda gpu gpus",
    "device": "accelerator",
    "trainer=gpu": "cuda gpu",
    "trainer=cpu": "cpu no_cuda",
    "trainer.accelerator": "device",
    "trainer.devices": "gpu_ids gpus num_gpu num_gpus",
    "trainer.precision": "dtype",
    "trainer.precision=16-mixed": "amp fp16 half",
    "trainer.precision=bf16-mixed": "bf16 bfloat16",
    "batch_size": "batch batch_size_per_gpu bs dataloader_batch_size",
    "data.batch_size": "batch batch_size_per_gpu bs dataloader_batch_size",
    "data.patch_size": "crop crop_size gt_size h_size patch",
    "num_workers": "dataloader_num_workers n_workers num_worker num_worker_per_gpu worker workers",
    "data.num_workers": "dataloader_num_workers n_workers num_worker num_worker_per_gpu worker workers",
    "data.channels": "channels color colors in_channels n_channels num_channels",
    "data.flip": "augment use_flip use_hflip",
    "data=folder data.path": "data_dir data_path data_root dataroot dir folder path root train_dir",
    "data=pairs noise=none data.noisy": "dataroot_l dataroot_lq lq noisy noisy_dir",
    "data=pairs noise=none data.clean": "clean clean_dir dataroot_gt dataroot_h gt",
    "data.test": "test_data test_set testset val_data",
    "objective.loss": "criterion g_lossfn_type loss_fn loss_function loss_type",
    "callbacks.early_stopping.patience": "early_stop early_stopping",
    "callbacks.ema.decay": "ema ema_decay",
    "checkpoint": "ckpt ckpt_path model_path run",
    "seed": "manual_seed random_seed rng",
    "hydra.run.dir": "log_dir logdir out out_dir outdir output output_dir save_dir",
}
"""What users of other frameworks type, in lower case, behind each group, key or override that they mean.

Choices of groups before a key are those that have it. Of several that fit, the first that the configuration has counts.
"""
VALUES = (
    (r"(trainer\.accelerator=)(?:cuda|gpu):(\d+)", r"\1gpu trainer.devices=[\2]"),
    (r"trainer\.devices=0", "trainer.accelerator=cpu"),
    (r"device=gpu", "device=cuda"),
)
"""Overrides whose value has another name here."""
LIKE = 0.7
"""How alike a name must be that is no key's sibling."""


def advice(key: str, value: str, known: Collection[str], application: Application) -> tuple[str, str]:
    """What is missing, `KEY` or `GROUP`, and the second line of its error: what was most likely meant.

    Args:
        key: a dotted key that the configuration lacks.
        value: its value as it was typed.
        known: the keys of the configuration.
        application: whose configuration it is.
    """
    known = [*(name for name in known if name not in application.unread), "hydra.run.dir"]
    above = {name for name in known if "." not in name}
    word = key.rpartition(".")[2].lower().replace("-", "_")
    if "." in key:
        return KEY, _dotted_key(key, word, value, known, application)
    named = [group for group in groups() if group in above]
    near = nearest(key, above, LIKE)
    choosing = [group for group in named if value in options(group)]
    if group := next((name for name in named if word in SYNONYMS.get(name, "").split()), None):
        return GROUP, choice(group, value)
    if fix := _same_name(word, value, known):
        return KEY, fix
    if application != RUN and (key in (training := keys(compose())) or _same_name(word, value, training)):
        return KEY, "leave it out: it only affects training"
    if near in named or len(choosing) == 1:
        return GROUP, choice(choosing[0] if len(choosing) == 1 else str(near), value)
    if having := next(filter(None, (_having(group, f"{group}.{word}") for group in named)), None):
        return KEY, having
    leaves = {name.rpartition(".")[2]: name for name in reversed(_leaves(known))}
    near = near or leaves.get(nearest(word, leaves, LIKE) or "")
    return KEY, f"did you mean {near}?" if near else f"{application.command} --cfg job lists all keys"


def choice(group: str, value: str, choices: Sequence[str] = ()) -> str:
    """The second line of the error for a choice that may not exist: the nearest one, or all of them."""
    choices = choices or options(group)
    if group == "data" and value not in ("", *choices) and ("/" in value or Path(value).is_dir()):
        return f"data=folder {_typed('data.path', value)}"
    if set(value.split(",")) <= set(choices):
        return f"{group}={value}"
    near = nearest(value, choices)
    return f"{group}={near}, of {', '.join(choices)}" if near else f"{group}=NAME, one of {', '.join(choices)}"


def _dotted_key(key: str, word: str, value: str, known: Collection[str], application: Application) -> str:
    """The advice for a key below a group: in it, in another choice of it, or elsewhere."""
    parent, _, name = key.rpartition(".")
    group = key.partition(".")[0]
    if key not in known and (fix := _same_name(word, value, [k for k in known if k.startswith(f"{group}.")])):
        return fix
    siblings = [k.rpartition(".")[2] for k in known if k.rpartition(".")[0] == parent and "._" not in k]
    listed = ", ".join(siblings if len(siblings) <= SHOWN else [*siblings[:SHOWN], "..."])
    if having := _having(group, key):
        return f"one of {listed}; {having}" if siblings and key not in known else having
    if near := nearest(name, siblings):
        return f"did you mean {parent}.{near}?"
    if fix := _same_name(word, value, known):
        return fix
    if near := nearest(key, known, LIKE) if not siblings else None:
        return f"did you mean {near}?"
    return f"one of {listed}" if siblings else f"{application.command} --cfg job lists all keys"


def _same_name(word: str, value: str, known: Collection[str]) -> str | None:
    """The override for a synonym, or for a key that has this name somewhere in the configuration."""
    for target in (target for target, words in SYNONYMS.items() if word in words.split()):
        choices, _, key = target.rpartition(" ")
        if key in known:
            return _typed(key, value)
        if choices.partition("=")[0] in known:
            return f"{choices} {_typed(key, value)}"
        if key.partition("=")[0] in known and "=" in key:
            return key
    found = [key for key in _leaves(known) if key.rpartition(".")[2] == word]
    return " or ".join(_typed(key, value) for key in found) or None


def _leaves(known: Iterable[str]) -> list[str]:
    """The keys that have a value, without those of recipes, which set the defaults of others."""
    names = list(known)
    parents = {name.rpartition(".")[0] for name in names}
    return [name for name in names if name not in parents and not name.startswith("recipe.")]


def _typed(key: str, value: str) -> str:
    """An override as it is typed in a shell."""
    text = f"{key}={value}"
    for pattern, replacement in VALUES:
        if found := re.fullmatch(pattern, text):
            return " ".join(map(shlex.quote, found.expand(replacement).split()))
    return shlex.quote(text)


def _having(group: str, key: str) -> str | None:
    """The choices of a group that have a key, in words; None if there are none."""
    having = [path.stem for path in files(group) if _has_key(path, key)]
    return f"{group}={'|'.join(having)} {'has' if len(having) == 1 else 'have'} {key}" if having else None


def _has_key(path: Path, key: str) -> bool:
    """Whether a choice's YAML has a key; a YAML with `@package _global_` holds keys of the whole tree."""
    config = OmegaConf.load(path)
    return isinstance(config, DictConfig) and not {key, key.partition(".")[2]}.isdisjoint(keys(config))
