"""Runs in the process of ``model.data.isolation``, and therefore imports no more than it needs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


def matlab_variables(path: Path, names: Sequence[str]) -> dict[str, NDArray[Any]]:
    """Those of a MATLAB file's variables (version 4 to 7) that have these names."""
    import scipy.io

    content = scipy.io.loadmat(path, variable_names=list(names), simplify_cells=True)
    return {name: np.asarray(content[name]) for name in names if name in content}


def cdf_variable(path: Path, name: str) -> NDArray[Any]:
    """A CDF file's variable."""
    import cdflib

    return np.asarray(cdflib.CDF(path).varget(name))
