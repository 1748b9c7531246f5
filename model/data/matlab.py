"""Reading MATLAB files, with errors that say how to get a good one."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import scipy.io
from numpy.typing import NDArray
from scipy.io.matlab import MatReadError

from model.data.records import BadDataError

# What SciPy's reader raises on files cut off or changed at all kinds of places; the last is its
# answer to files of version 7.3, which are HDF5.
_MATLAB_DAMAGE = (
    MatReadError, OSError, ValueError, TypeError, LookupError, zlib.error, NotImplementedError
)  # fmt: skip


def read_mat(path: Path, needed: Sequence[str], where: str) -> dict[str, NDArray[Any]]:
    """The variables ``needed`` of a MATLAB file (version 4 to 7), as arrays.

    Axes of length 1 are dropped; a cell becomes an array of its contents and a structure a
    dictionary. ``where`` is a sentence that says how to get the data set. ``BadDataError`` names a
    file that is missing or damaged, or lacks a variable.
    """
    if not path.is_file():
        raise BadDataError(f"There is no label file {path}. {where}")
    try:
        content = scipy.io.loadmat(path, variable_names=list(needed), simplify_cells=True)
    except _MATLAB_DAMAGE as error:
        raise BadDataError(f"{path} is not a whole MATLAB file ({error}). {where}") from error
    missing = [name for name in needed if name not in content]
    if missing:
        raise BadDataError(f"{path} lacks {', '.join(missing)}; it may be cut off. {where}")
    return {name: np.asarray(content[name]) for name in needed}
