"""Landmark files ``.pts``, in which the annotations of 300-W and MultiPIE come.

``version: 1``, ``n_points: 68``, then x and y of each point between braces, counted from 1.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.data.lists import read_text
from model.data.records import BadDataError

_COUNT = re.compile(r"n_points:\s*(\d+)\s*$")


def read_pts(path: Path, where: str) -> NDArray[np.float32]:
    """The points (N, 2) of a file, (x, y) in pixels, the centre of the first pixel at (0, 0).

    ``where`` is a sentence that says how to get the data set. ``BadDataError`` names a file that is
    missing or damaged.
    """
    head, _, rest = read_text(path, where).partition("{")
    body, closed, _ = rest.partition("}")
    announced = _COUNT.search(head)
    try:
        points = np.array(body.split(), np.float64).reshape(-1, 2)
    except ValueError:
        points = np.empty((0, 2))
    whole = announced is not None and closed and len(points) == int(announced[1]) > 0
    if not whole or not np.isfinite(points).all():
        raise BadDataError(
            f"{path} is no whole landmark file: 'n_points: N', then N pairs of numbers between "
            f"braces are expected. {where}"
        )
    return (points - 1).astype(np.float32)
