"""Shared fixtures: material beside the checkout, seeds, threads, and none left behind."""

from __future__ import annotations

# isort: off
import os

import app  # noqa: F401  before the libraries that read what it puts into the environment

# Several processes run the tests side by side: each computes on one core, and so does what it
# starts. Networks as small as the tests' would lose more by waiting for a second thread than it
# gains them.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("OPENCV_FOR_THREADS_NUM", "1")

# isort: on
import gc
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import psutil
import pytest
import torch
from hypothesis import settings

from model.core.device import give_back_memory
from tests.fault_table import promises, replaced, rows, table

if TYPE_CHECKING:
    from PyQt6.QtWidgets import QApplication

# Without a screen of its own choosing, Qt would abort on a machine that has none.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

# A busy machine may take long for any example: only the limit on a whole test holds.
settings.register_profile("suite", deadline=None)
settings.load_profile("suite")

_THREADS = torch.get_num_threads()

_SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The folder ``shared`` beside the checkout, with reference outputs and real clips."""
    if not _SHARED.is_dir():
        pytest.skip("needs the reference material in ../shared, which is not part of the project")
    return _SHARED


def pytest_xdist_auto_num_workers() -> int:
    """One process more than there are cores: a test of the window waits now and then.

    But not more than a computer of 8 GB has room for, unless xdist's own variable says otherwise.
    """
    if number := os.environ.get("PYTEST_XDIST_AUTO_NUM_WORKERS"):
        return int(number)
    return min(4, (psutil.cpu_count() or 1) + 1)


def pytest_collection_finish() -> None:
    """What was imported stays: no collection between two tests need go through it again."""
    gc.collect()
    gc.freeze()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--fault-table",
        action="store_true",
        help="write what was promised of each fault, and what came of it, into README",
    )


def pytest_configure(config: pytest.Config) -> None:
    # Tests run in processes of their own; what they report arrives in the first one.
    if config.getoption("--fault-table") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(_FaultTable())


def pytest_itemcollected(item: pytest.Item) -> None:
    if mark := item.get_closest_marker("fault"):
        item.user_properties.append(("fault", mark.args))


class _FaultTable:
    """Gathers how tests of faults ended, and writes README's table."""

    def __init__(self) -> None:
        self._outcomes: defaultdict[str, list[str]] = defaultdict(list)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when != "call" and report.outcome == "passed":
            return
        for name, value in report.user_properties:
            if name == "fault" and isinstance(value, list | tuple):
                self._outcomes[str(value[0])].append(report.outcome)

    def pytest_sessionfinish(self) -> None:
        tests = Path(__file__).resolve().parent
        readme = tests.parent / "README.md"
        text = readme.read_text(encoding="utf-8")
        before = {happens: result for happens, (_, result) in rows(text).items()}
        new = table(promises(tests), self._outcomes, before)
        readme.write_text(replaced(text, new), encoding="utf-8")


@pytest.fixture
def themed(qapp: QApplication) -> Iterator[QApplication]:
    """The application, with its looks put back after the test."""
    style = qapp.style()
    assert style is not None
    name, palette, font, sheet = style.name(), qapp.palette(), qapp.font(), qapp.styleSheet()
    yield qapp
    qapp.setStyleSheet(sheet)
    qapp.setStyle(name)
    qapp.setPalette(palette)
    qapp.setFont(font)


@pytest.fixture(autouse=True)
def fixed_seeds() -> None:
    torch.manual_seed(0)
    np.random.seed(0)


@pytest.fixture(autouse=True)
def fixed_threads() -> None:
    """What ran before may have chosen another number, which changes how sums are rounded."""
    torch.set_num_threads(_THREADS)


# Bytes of memory from which a process looks for what it can do without.
_MUCH = 1.2e9


def give_memory_back() -> None:
    """Networks lie in cycles of references, and what a thread freed stays with the process."""
    if psutil.Process().memory_info().rss >= _MUCH:
        give_back_memory()


@pytest.fixture(autouse=True, scope="module")
def memory_of_a_module() -> Iterator[None]:
    """The networks of one module do not lie beside those of the next."""
    yield
    give_memory_back()


@pytest.fixture(autouse=True)
def no_thread_left_behind() -> Iterator[None]:
    """Fail a test that leaves one of the application's threads running."""
    before = set(threading.enumerate())
    yield
    deadline = time.perf_counter() + 5
    left = []
    for thread in threading.enumerate():
        if thread in before or not thread.name.startswith("app-"):
            continue
        thread.join(max(0.0, deadline - time.perf_counter()))
        if thread.is_alive():
            left.append(thread.name)
    assert not left, f"threads left running: {left}"
