"""Named choices of networks and training: as published, and what a CPU can train in an hour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from model.errors import UserError


@dataclass(frozen=True)
class GanPreset:
    """``spec`` and ``settings`` are what differs from ``GanSpec`` and ``GanSettings``."""

    title: str
    spec: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)


PRESETS: Mapping[str, GanPreset] = {
    "paper": GanPreset("as published"),
    "small": GanPreset(
        "pictures of 64 pixels, half the channels, batches of 8, bfloat16, averaged weights",
        {"size": 64, "width": 16, "discriminator_width": 32, "scales": 2},
        {
            "steps": 12_000,
            "regressor_steps": 8_000,
            "batch_size": 8,
            "precision": "bfloat16",
            "average": 0.998,
            "look_every": 250,
            "checkpoint_every": 500,
        },
    ),
}


def gan_preset(name: str) -> GanPreset:
    """The preset called ``name``; ``UserError`` lists the names there are."""
    if name not in PRESETS:
        raise UserError(
            f"There is no KeypointGAN preset {name!r}. Choose one of: {', '.join(PRESETS)}."
        )
    return PRESETS[name]
