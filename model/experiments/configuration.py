"""What an experiment was made with, as plain values beside its figures."""

from __future__ import annotations

import platform
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from model.data.records import DataSet
from model.files import sha256_of

if TYPE_CHECKING:
    from model.experiments.context import Study


def configuration(study: Study, **more: Any) -> dict[str, Any]:
    """Data, weights and their SHA-256, settings, seeds, versions, the command, and ``more``."""
    return {
        "command": study.command,
        "data": described(study.people),
        "development": None if study.development is None else described(study.development),
        "weights": {
            role: {"file": path.name, "sha256": sha256_of(path)}
            for role, path in study.weights.items()
        },
        "settings": asdict(study.settings),
        "seeds": list(study.seeds),
        "every": study.every,
        **more,
        "versions": versions(),
    }


def versions() -> dict[str, str]:
    """Of what figures may depend on."""
    return {
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "numpy": np.__version__,
    }


def described(data_set: DataSet) -> dict[str, Any]:
    """What a data set is, as plain values."""
    return {
        "name": data_set.name,
        "joints": data_set.joint_set.name,
        "people": len(data_set.persons),
        "clips": len(data_set.clips),
        "frames": len(data_set),
    }
