"""The methods as a library: load a network, predict, personalize; no screen needed.

"method 1.4" in a docstring is section 1.4 of docs/method.md.

Names are resolved on first use, so that ``python main.py doctor`` can explain a broken PyTorch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from model.core.errors import UserError

if TYPE_CHECKING:
    from model.ttp.weights import import_authors, load, save

__all__ = ["UserError", "import_authors", "load", "save"]


def __getattr__(name: str) -> object:
    if name in ("import_authors", "load", "save"):
        from model.ttp import weights

        return getattr(weights, name)
    raise AttributeError(f"module 'model' has no attribute {name!r}")
