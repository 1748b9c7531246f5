"""What the project says of itself: its name, version and licence."""

from __future__ import annotations

import tomllib
from importlib.metadata import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
"""The checkout, or where pip has installed it: ``assets`` lies there beside the packages."""

_DESCRIPTION = ROOT / "pyproject.toml"

INSTALLED = not _DESCRIPTION.exists()
"""Whether this is no checkout."""

COMMAND = "pose-personalizer" if INSTALLED else "python main.py"
"""How the program is run."""


def project() -> dict[str, str]:
    """``name``, ``version``, ``description`` and ``license``, and in a checkout others."""
    if not INSTALLED:
        table: dict[str, str] = tomllib.loads(_DESCRIPTION.read_text("utf-8"))["project"]
        return table
    found = metadata("pose-personalizer")
    names = {"name": "Name", "version": "Version", "description": "Summary"}
    return {
        **{name: found[header] for name, header in names.items()},
        "license": found["License-Expression"],
    }
