"""Lists, MATLAB files and pickles that come with data sets, read with care."""

from __future__ import annotations

import pickle
import zlib
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.io.matlab import MatReadError

from model.data.isolation import ParserDied, isolated, matlab_variables
from model.data.records import BadDataError

Half = Literal["first", "second"]
Part = Literal["train", "train10", "test"]

_T = TypeVar("_T")


def read_text(path: Path, where: str) -> str:
    """The whole of a text file.

    ``where`` is a sentence that says how to get the data set. ``BadDataError`` names a file that is
    missing or is no text.
    """
    try:
        return path.read_text("utf-8")
    except OSError as error:
        reason = error.strerror
    except UnicodeDecodeError:
        reason = "it is no text"
    raise BadDataError(f"The file {path} cannot be read ({reason}). {where}")


def read_lines(path: Path, where: str) -> list[str]:
    """The lines of a text file that are not empty, without the blanks around them.

    ``BadDataError`` names a file that is missing or is no text.
    """
    return [line.strip() for line in read_text(path, where).splitlines() if line.strip()]


def half_of(items: Sequence[_T], half: Half | None) -> Sequence[_T]:
    """One half of a list, or all of it; of an odd number the second has one more (method 2.8)."""
    middle = len(items) // 2
    if half is None:
        return items
    return items[:middle] if half == "first" else items[middle:]


def training_part(count: int, part: Part) -> slice:
    """The rows of a training list of ``count`` that are trained on, or held out (method 3.5).

    "train" is all but the last 10 %, "train10" these; "test" has a list of its own, of which it is
    everything.
    """
    kept = count - round(0.1 * count)
    return {"train": slice(kept), "train10": slice(kept, None), "test": slice(None)}[part]


# What SciPy's reader raises on files cut off or changed at all kinds of places;
# NotImplementedError is its answer to files of version 7.3, which are HDF5.
_MATLAB_DAMAGE = (
    MatReadError, OSError, ValueError, TypeError, LookupError, NameError, zlib.error,
    NotImplementedError, ArithmeticError, MemoryError, AttributeError, ParserDied,
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
        found = isolated(matlab_variables)(path, needed)
    except _MATLAB_DAMAGE as error:
        raise BadDataError(f"{path} is not a whole MATLAB file ({error}). {where}") from error
    missing = [name for name in needed if name not in found]
    if missing:
        raise BadDataError(f"{path} lacks {', '.join(missing)}; it may be cut off. {where}")
    return found


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
