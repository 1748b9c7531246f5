"""What the project says of itself: its name, version and licence, from pyproject.toml."""

from __future__ import annotations

import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def project() -> dict[str, str]:
    """The table ``[project]``: ``name``, ``version``, ``description``, ``license`` and others."""
    table: dict[str, str] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return table
