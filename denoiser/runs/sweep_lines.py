"""The line that a sweep prints before each job."""

from __future__ import annotations

import math
import shlex
from collections.abc import Sequence
from typing import Any

from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser

BASIC = "hydra._internal.core_plugins.basic_sweeper.BasicSweeper"
"""Hydra's own sweeper, which runs all combinations; others find the number of their jobs as they go on."""


def job_line(settings: Any, overrides: Sequence[str], arguments: Sequence[str]) -> str:
    """Number and overrides of a job: "job 2 of 6: noise.sigma=25 seed=1".

    Args:
        settings: Hydra's configuration of the job.
        overrides: the overrides of the job; those of every job are left out.
        arguments: the overrides of the command.
    """
    swept = _swept(settings, arguments)
    own = [item for item in overrides if item.partition("=")[0] in swept] or overrides
    count = f" of {math.prod(swept.values())}" if swept and settings.sweeper.get("_target_") == BASIC else ""
    return f"job {settings.job.num + 1}{count}: {shlex.join(own)}".removesuffix(": ")


def _swept(settings: Any, arguments: Sequence[str]) -> dict[str, int]:
    """The keys that differ from job to job, and how many values each has."""
    parameters = [f"{key}={value}" for key, value in (settings.sweeper.get("params") or {}).items()]
    parser = OverridesParser.create(config_loader=GlobalHydra.instance().config_loader())
    parsed = parser.parse_overrides([*parameters, *arguments])
    swept = [one for one in parsed if one.is_sweep_override() and not one.is_hydra_override()]
    return {one.get_key_element(): len(list(one.sweep_string_iterator())) for one in swept}
