"""A file that crashes or hangs its parser ends in a sentence, and the next one is read."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
import scipy.io

from model.data import files
from model.data.isolation import ParserDied, isolated
from model.data.records import BadDataError


def _crash() -> None:
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(60)


def _refuse() -> None:
    raise ValueError("not such a file")


def test_the_parser_runs_in_another_process_which_is_kept() -> None:
    first, second = isolated(os.getpid)(), isolated(os.getpid)()
    assert first == second != os.getpid()


def test_its_own_errors_are_its_own() -> None:
    with pytest.raises(ValueError, match="not such a file"):
        isolated(_refuse)()


def test_a_parser_that_dies_is_told_and_replaced() -> None:
    with pytest.raises(ParserDied, match="ended the process"):
        isolated(_crash)()
    assert isolated(os.getpid)() != os.getpid()


def test_a_parser_that_hangs_is_ended() -> None:
    isolated(os.getpid)()  # so that starting a process is not part of it
    with pytest.raises(ParserDied, match=r"more than 0\.5 s"):
        isolated(time.sleep, seconds=0.5)(60)
    assert isolated(os.getpid)() != os.getpid()


def test_a_process_that_may_have_no_children_parses_by_itself() -> None:
    current = multiprocessing.current_process()
    with mock.patch.dict(current._config, daemon=True):  # type: ignore[attr-defined]
        assert isolated(os.getpid)() == os.getpid()


@pytest.mark.fault(
    "A data set's MATLAB file crashes its parser", "The file is named, and the program goes on."
)
def test_a_matlab_file_that_crashes_scipy_is_bad_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "joints.mat"
    scipy.io.savemat(path, {"joints": np.arange(6.0)})
    found = files.read_mat(path, ["joints"], "Get it again.")
    np.testing.assert_array_equal(found["joints"], np.arange(6.0))

    monkeypatch.setattr(files, "matlab_variables", _crash_on)
    with pytest.raises(BadDataError, match=r"joints\.mat .*ended the process.*Get it again"):
        files.read_mat(path, ["joints"], "Get it again.")


def _crash_on(path: Path, names: list[str]) -> None:
    _crash()
