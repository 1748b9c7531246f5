"""Reading pickles of strangers: arrays and plain containers, and nothing that could run code."""

from __future__ import annotations

import pickle
from collections import OrderedDict
from pathlib import Path

import numpy as np

from model.data.records import BadDataError

# The functions that NumPy's own pickles call to make arrays (two protocols) and numbers.
_ARRAY, _ARRAY_OF_BUFFER, _NUMBER = (
    made[0]
    for made in (np.empty(0).__reduce__(), np.empty(0).__reduce_ex__(5), np.float64().__reduce__())
)
_ALLOWED = {
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    ("numpy._core.multiarray", "_reconstruct"): _ARRAY,
    ("numpy._core.multiarray", "scalar"): _NUMBER,
    ("numpy._core.numeric", "_frombuffer"): _ARRAY_OF_BUFFER,
    ("_codecs", "encode"): str.encode,  # old protocols write bytes as text
    ("collections", "OrderedDict"): OrderedDict,
}
# What the unpickler was seen to raise on files cut off or changed.
_PICKLE_DAMAGE = (
    pickle.UnpicklingError, OSError, EOFError, ValueError, TypeError, LookupError, AttributeError,
    OverflowError, MemoryError,
)  # fmt: skip


class _Unpickler(pickle.Unpickler):
    """An unpickler that makes nothing but what is allowed by name."""

    def find_class(self, module: str, name: str) -> object:
        # NumPy 2 renamed the module that older files name.
        found = _ALLOWED.get((module.replace("numpy.core.", "numpy._core."), name))
        if found is None:
            raise pickle.UnpicklingError(f"it wants to use {module}.{name}")
        return found


def read_pickle(path: Path, where: str) -> object:
    """The content of a pickle file that holds arrays, numbers, text and containers of them.

    ``where`` is a sentence that says how to get the file. ``BadDataError`` names a file that is
    missing or damaged, or that asks for anything else, which could run a stranger's code.
    """
    if not path.is_file():
        raise BadDataError(f"There is no file {path}. {where}")
    try:
        with path.open("rb") as file:
            # Text of Python 2 holds the bytes of arrays, which Latin-1 keeps as they are.
            return _Unpickler(file, encoding="latin1").load()
    except _PICKLE_DAMAGE as error:
        raise BadDataError(
            f"{path} is not a whole pickle of plain data ({str(error) or type(error).__name__}). "
            f"{where}"
        ) from error
