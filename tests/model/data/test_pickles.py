"""Pickles of strangers: plain data of any age of NumPy, and nothing else."""

from __future__ import annotations

import os
import pickle
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest

from model.data.files import read_pickle
from model.data.records import BadDataError

HOW = "Ask its owner."


class Harmful:
    def __init__(self, mark: Path) -> None:
        self._mark = mark

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return os.mkdir, (str(self._mark),)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_arrays_numbers_and_containers_come_back(tmp_path: Path, protocol: int) -> None:
    array = np.arange(12, dtype=np.float64).reshape(3, 4)
    content = {
        (1, 2, 1, 3): [{"joints": array, "x": np.float64(0.1), "name": "ß.jpg"}, array.T],
        "bytes": b"\x00\xff",
        "ordered": OrderedDict(a=None, b=True),
        "whole": np.arange(3, dtype=np.int16),
    }
    path = tmp_path / "file.pkl"
    path.write_bytes(pickle.dumps(content, protocol))
    read = read_pickle(path, HOW)
    assert isinstance(read, dict)
    frame, transposed = read[1, 2, 1, 3]
    np.testing.assert_array_equal(frame["joints"], array)
    np.testing.assert_array_equal(transposed, array.T)
    assert frame["x"] == 0.1 and frame["name"] == "ß.jpg"
    assert read["bytes"] == b"\x00\xff" and list(read["ordered"]) == ["a", "b"]
    np.testing.assert_array_equal(read["whole"], [0, 1, 2])


def test_files_of_numpy_1_are_read(tmp_path: Path) -> None:
    path = tmp_path / "old.pkl"
    content = pickle.dumps([np.arange(4.0), np.float32(2.5)], 2)
    assert b"numpy._core.multiarray" in content
    path.write_bytes(content.replace(b"numpy._core.multiarray", b"numpy.core.multiarray"))
    read = read_pickle(path, HOW)
    assert isinstance(read, list)
    assert read[0].tolist() == [0, 1, 2, 3] and read[1] == 2.5


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_code_is_refused_and_not_run(tmp_path: Path, protocol: int) -> None:
    path, mark = tmp_path / "harmful.pkl", tmp_path / "mark"
    path.write_bytes(pickle.dumps({"frames": [Harmful(mark)]}, protocol))
    with pytest.raises(
        BadDataError, match=r"harmful\.pkl .*wants to use (posix|nt)\.mkdir.*Ask its"
    ):
        read_pickle(path, HOW)
    assert not mark.exists()
    pickle.loads(path.read_bytes())
    assert mark.is_dir()


@pytest.mark.parametrize("function", [eval, getattr, np.load, np.fromfile, Path])
def test_only_what_is_listed_is_allowed(tmp_path: Path, function: object) -> None:
    path = tmp_path / "function.pkl"
    path.write_bytes(pickle.dumps(function))
    with pytest.raises(BadDataError, match="wants to use"):
        read_pickle(path, HOW)


def test_missing_and_damaged_files_are_named(tmp_path: Path) -> None:
    path = tmp_path / "cache.pkl"
    with pytest.raises(BadDataError, match=r"no file .*cache\.pkl\. Ask its owner"):
        read_pickle(path, HOW)
    whole = pickle.dumps({"a": [np.arange(50.0), "text", np.float64(1)]}, 4)
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(BadDataError, match=r"cache\.pkl is not a whole pickle"):
            read_pickle(path, HOW)
    path.write_bytes(b"PK\x03\x04 an archive")
    with pytest.raises(BadDataError, match=r"cache\.pkl is not a whole pickle"):
        read_pickle(path, HOW)
