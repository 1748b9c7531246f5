"""Parsers that a damaged file can crash or hang, in a process of their own.

SciPy's and cdflib's are written for whole files: of MATLAB files with altered bytes, one in a
hundred ended the process that read it. That process imports this module, which therefore imports no
more than it needs.
"""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import numpy as np
from numpy.typing import NDArray

_P = ParamSpec("_P")
_T = TypeVar("_T")

# No label file of the data sets takes a second, but a folder in the network can be slow.
_SECONDS = 60.0

_lock = threading.Lock()
_readers: list[ProcessPoolExecutor] = []  # one, once it was needed


class ParserDied(Exception):  # noqa: N818 - it says what happened
    """The parser ended its process or did not come to an end; ``str`` says which, as a clause."""


def isolated(parse: Callable[_P, _T], seconds: float = _SECONDS) -> Callable[_P, _T]:
    """``parse``, a module's function, to be called in another process, which is kept for the next.

    Arguments and result must be picklable. Errors of ``parse`` are raised here; so is
    ``ParserDied`` if it ends the process or takes more than so many ``seconds``.
    """

    def call(*args: _P.args, **kwargs: _P.kwargs) -> _T:
        if multiprocessing.current_process().daemon:  # which cannot have children
            return parse(*args, **kwargs)
        with _lock:
            if not _readers:
                # Not forked: this process has threads, whose locks the child would inherit.
                context = multiprocessing.get_context("spawn")
                _readers.append(ProcessPoolExecutor(1, mp_context=context))
            try:
                return _readers[0].submit(parse, *args, **kwargs).result(seconds)
            except BrokenProcessPool as error:
                _end()
                raise ParserDied("reading it ended the process that did") from error
            except TimeoutError as error:
                _end()
                raise ParserDied(f"reading it took more than {seconds:g} s") from error

    return call


def _end() -> None:
    """End the process; the next call begins another."""
    reader = _readers.pop()
    for process in list((reader._processes or {}).values()):
        process.kill()
    reader.shutdown(wait=False, cancel_futures=True)


def matlab_variables(path: Path, names: Sequence[str]) -> dict[str, NDArray[Any]]:
    """Those of a MATLAB file's variables (version 4 to 7) that have these names."""
    import scipy.io

    content = scipy.io.loadmat(path, variable_names=list(names), simplify_cells=True)
    return {name: np.asarray(content[name]) for name in names if name in content}


def cdf_variable(path: Path, name: str) -> NDArray[Any]:
    """A CDF file's variable."""
    import cdflib

    return np.asarray(cdflib.CDF(path).varget(name))
