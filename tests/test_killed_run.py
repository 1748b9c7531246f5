"""A command that is killed half-way leaves what was there before, and can be run again."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from model import save
from tests.networks import small_network

_ROOT = Path(__file__).resolve().parents[1]

# Told when the second result is there; the third never comes.
_STUCK = """
import time
from pathlib import Path

class Processor:
    count = 0

    def process(self, result):
        self.count += 1
        if self.count == 2:
            Path(__file__).with_suffix(".mark").touch()
            time.sleep(600)
"""


@pytest.mark.fault("`personalize` is interrupted")
def test_a_killed_run_leaves_older_results_whole(tmp_path: Path) -> None:
    weights, out = tmp_path / "small.safetensors", tmp_path / "out"
    save(weights, small_network())
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for number in range(4):
        cv2.imwrite(str(pictures / f"{number}.png"), np.full((96, 96, 3), 60 * number, np.uint8))
    processor = tmp_path / "stuck.py"
    processor.write_text(_STUCK, encoding="utf-8")
    command = [sys.executable, str(_ROOT / "main.py"), "personalize", str(pictures)]
    command += ["--mode", "none", "--no-overlay", "--out", str(out)]
    command += ["--weights", str(weights), "--device", "cpu"]
    subprocess.run(command, check=True, capture_output=True, timeout=250)
    before = {file.name: file.read_bytes() for file in out.iterdir()}
    assert set(before) == {"keypoints.csv", "keypoints.coco.json", "summary.json"}

    with subprocess.Popen(
        [*command, "--processor", str(processor)], stderr=subprocess.DEVNULL
    ) as child:
        deadline = time.monotonic() + 250
        while not processor.with_suffix(".mark").exists():
            assert child.poll() is None and time.monotonic() < deadline
            time.sleep(0.05)
        child.kill()
    # Half results lie in a hidden folder, which nothing reads.
    left = {file.name: file.read_bytes() for file in out.iterdir() if file.is_file()}
    assert left == before
    (hidden,) = (path.name for path in out.iterdir() if path.is_dir())
    assert hidden.startswith(".unfinished-")
    subprocess.run(command, check=True, capture_output=True, timeout=250)
    assert (out / "keypoints.csv").read_bytes() == before["keypoints.csv"]
