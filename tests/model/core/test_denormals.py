"""Numbers too small for float32's full precision are zero, in whichever thread computes."""

from __future__ import annotations

import subprocess
import sys
import threading

import torch

import model.core.heatmaps  # noqa: F401 - what importing it does is tested
from app.assets import PERSON_MASK
from app.project import ROOT


def _tiny() -> float:
    return float(torch.tensor([1e-30]) * 1e-10)


def test_a_thread_that_is_started_later_takes_them_for_zero() -> None:
    found: list[float] = []
    thread = threading.Thread(target=lambda: found.append(_tiny()))
    thread.start()
    thread.join()
    assert _tiny() == 0.0
    assert found == [0.0]


def test_the_first_session_of_onnx_runtime_leaves_it_so() -> None:
    script = (  # a process of its own, for only the first session could change it
        "import sys, torch, model.core.heatmaps\n"
        "from pathlib import Path\n"
        "from model.core.onnx_runtime import cpu_session\n"
        "cpu_session(Path(sys.argv[1]))\n"
        "print(float(torch.tensor([1e-30]) * 1e-10))\n"
    )
    found = subprocess.run(
        [sys.executable, "-c", script, str(PERSON_MASK)],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert found.stdout.split() == ["0.0"], found
