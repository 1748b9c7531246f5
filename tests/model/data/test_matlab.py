from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np
import pytest
import scipy.io

from model.data import files
from model.data.files import read_mat
from model.data.records import BadDataError

_WHERE = "Get it from http://example.org/."
_NUMBERS = np.random.default_rng(0).random((2, 9))


def _written(path: Path, compressed: bool = True) -> Path:
    scipy.io.savemat(
        path,
        {"numbers": _NUMBERS, "one": 5, "record": {"a": [1, 2, 3]}},
        do_compression=compressed,
    )
    return path


def test_what_is_asked_for_comes_as_arrays(tmp_path: Path) -> None:
    content = read_mat(_written(tmp_path / "a.mat"), ("numbers", "one", "record"), _WHERE)
    assert set(content) == {"numbers", "one", "record"}
    np.testing.assert_array_equal(content["numbers"], _NUMBERS)
    assert int(content["one"]) == 5
    np.testing.assert_array_equal(content["record"].item()["a"], [1, 2, 3])


def test_a_missing_file_or_variable_is_named_with_where_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(BadDataError, match=r"b\.mat.*example\.org"):
        read_mat(tmp_path / "b.mat", ("numbers",), _WHERE)
    path = _written(tmp_path / "a.mat")
    with pytest.raises(BadDataError, match=r"a\.mat lacks x, y;.*example\.org"):
        read_mat(path, ("numbers", "x", "y"), _WHERE)


@pytest.mark.parametrize("compressed", [True, False])
def test_a_file_cut_off_anywhere_is_named(tmp_path: Path, compressed: bool) -> None:
    path = _written(tmp_path / "a.mat", compressed)
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(BadDataError, match=r"a\.mat.*example\.org"):
            read_mat(path, ("numbers", "one", "record"), _WHERE)


def test_a_changed_file_is_named(tmp_path: Path) -> None:
    path = _written(tmp_path / "a.mat")
    whole = path.read_bytes()
    # Inside the compressed numbers, whose checksum tells that they were changed.
    for place in range(160, 200):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 255]) + whole[place + 1 :])
        with pytest.raises(BadDataError, match=r"a\.mat.*example\.org"):
            read_mat(path, ("numbers",), _WHERE)


def test_a_changed_file_without_checksums_is_read_or_named(tmp_path: Path) -> None:
    """Some of these end SciPy's process, which is not ours."""
    path = tmp_path / "a.mat"
    cells = np.array([np.zeros(2), np.zeros((3, 2)), "text"], object)
    scipy.io.savemat(path, {"numbers": np.arange(6.0), "cells": cells}, do_compression=False)
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    for _ in range(60):
        changed = bytearray(whole)
        for place in rng.integers(128, len(whole), 3):
            changed[place] = rng.integers(256)
        path.write_bytes(changed)
        with contextlib.suppress(BadDataError):
            assert set(read_mat(path, ("numbers", "cells"), _WHERE)) == {"numbers", "cells"}


@pytest.mark.parametrize(
    "error", [UnboundLocalError("local variable 'arr'"), ValueError("inhomogeneous")]
)
def test_what_the_reader_trips_over_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """SciPy's answers to some uncompressed files in which a few bytes were changed."""
    path = _written(tmp_path / "a.mat")

    def trips(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(files, "isolated", lambda parse: parse)
    monkeypatch.setattr(scipy.io, "loadmat", trips)
    with pytest.raises(BadDataError, match=r"a\.mat is not a whole MATLAB file"):
        read_mat(path, ("numbers",), _WHERE)


def test_a_cell_of_unequal_parts_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = _written(tmp_path / "a.mat")
    torn = {"numbers": [np.zeros(2), [np.zeros(3)]]}
    monkeypatch.setattr(files, "isolated", lambda parse: parse)
    monkeypatch.setattr(scipy.io, "loadmat", lambda *_, **__: torn)
    with pytest.raises(BadDataError, match=r"a\.mat is not a whole MATLAB file"):
        read_mat(path, ("numbers",), _WHERE)


def test_an_hdf5_file_is_refused_with_its_name(tmp_path: Path) -> None:
    path = tmp_path / "new.mat"
    header = b"MATLAB 7.3 MAT-file".ljust(124) + bytes([0, 2]) + b"IM"
    path.write_bytes(header + bytes(400))
    with pytest.raises(BadDataError, match=r"new\.mat.*example\.org"):
        read_mat(path, ("numbers",), _WHERE)
