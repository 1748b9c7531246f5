"""A killed recording plays to its last second, and the next run can complete it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import h5py
import numpy as np
import psutil
import pytest

from app.runtime.recordings.take import (
    ABOUT,
    COCO,
    KEYPOINTS,
    SLEAP,
    UNFINISHED,
    VIDEO,
    UnfinishedTake,
    delete,
    find_unfinished,
    keep,
    recover,
)
from model.core.errors import UserError

_ROOT = Path(__file__).resolve().parents[4]

# A recorder that is fed until the process is killed; it says how much is encoded.
_RECORD = """
import sys, time
from pathlib import Path
import numpy as np
from app.runtime.capture.ring import FrameRing
from app.runtime.live.results import NetworkInfo, PoseResult
from app.runtime.recordings.take import TakeRecorder
from model.core.crop import SquareBox

names = ("head", "left hand")
network = NetworkInfo("small", "transformer", "r", names, ((0, 1),), ("middle", "left"), 1)
ring = FrameRing()
recorder = TakeRecorder(ring, Path(sys.argv[1]), network, {"source": "a test"})
recorder.start()
recorder.wait_started(60)
for number in range(100_000):
    index = ring.put(np.full((48, 64, 3), number % 200, np.uint8), 100 + 0.1 * number)
    found = number % 5 != 4
    points = np.full((2 if found else 0, 2), float(number), np.float32)
    recorder.add_result(PoseResult(
        index, index, 0.0, SquareBox(32, 24, 20) if found else None, points,
        np.full(len(points), 0.5, np.float32), np.zeros((1, 2), np.float32),
        np.ones((len(points), 1), np.float32), np.ones(1, np.float32), 3, 0.01,
    ))
    while recorder.status.frames <= number:
        time.sleep(0.001)
    print(recorder.status.seconds, flush=True)
    time.sleep(0.01)
"""


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, float]:
    """The folder of takes of a process that was killed, and how many seconds it had encoded."""
    takes = tmp_path_factory.mktemp("takes")
    command = [sys.executable, "-c", _RECORD, str(takes)]
    told = 0.0
    with subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        for line in child.stdout:
            told = float(line)
            # Rows are handed to the disk once a second.
            rows = next(takes.glob(f"*/{KEYPOINTS}")).read_text(encoding="utf-8").count("\n")
            if told > 10 and rows > 20:
                os.kill(child.pid, signal.SIGKILL if os.name == "posix" else signal.SIGTERM)
                break
    return takes, told


@pytest.fixture
def take(killed: tuple[Path, float], tmp_path: Path) -> Path:
    """A copy of the killed take in a folder of its own."""
    source = next(killed[0].iterdir())
    target = tmp_path / "takes" / source.name
    target.mkdir(parents=True)
    for file in source.iterdir():
        (target / file.name).write_bytes(file.read_bytes())
    return target


@pytest.mark.fault(
    "The program is killed during a recording",
    "The video plays to its last second; the next start offers to recover, keep or delete it.",
)
def test_a_killed_recording_plays_to_its_last_second(killed: tuple[Path, float]) -> None:
    takes, told = killed
    with av.open(next(takes.glob(f"*/{VIDEO}"))) as container:
        times = [float(frame.time or 0) for frame in container.decode(video=0)]
    assert told > 10 and times[-1] >= told - 1.2
    np.testing.assert_allclose(times, np.arange(len(times)) / 10, atol=1e-3)


@pytest.mark.fault("The program is killed during a recording")
def test_what_was_killed_is_found_and_completed(take: Path) -> None:
    (unfinished,) = find_unfinished(take.parent)
    assert unfinished.folder == take and unfinished.frames > 80
    assert unfinished.seconds == pytest.approx((unfinished.frames - 1) / 10)
    with (take / KEYPOINTS).open("a", encoding="utf-8") as file:
        file.write("77,7.7,1,5.0")  # a row that was cut off
    status = recover(unfinished)
    assert status.frames == unfinished.frames
    about = json.loads((take / ABOUT).read_text(encoding="utf-8"))
    assert about["recovered"] is True and about["source"] == "a test"
    assert about["frames"] == status.frames and about["frames_predicted"] > 20
    coco = json.loads((take / COCO).read_text(encoding="utf-8"))
    assert coco["images"][0]["width"] == 64 and coco["images"][0]["height"] == 48
    assert coco["annotations"][1]["keypoints"][:2] == [1.0, 1.0]
    with h5py.File(take / SLEAP) as file:
        tracks: Any = file["tracks"][()]
        assert file["node_names"][()].tolist() == [b"head", b"left hand"]
    assert tracks[0, 0, 1, 3] == 3 and np.isnan(tracks[0, 0, 1, 4])
    assert find_unfinished(take.parent) == []


def test_what_is_recorded_now_is_not_unfinished(take: Path) -> None:
    record = json.loads((take / UNFINISHED).read_text(encoding="utf-8"))
    record["process"] = {"id": os.getpid(), "began": psutil.Process().create_time()}
    (take / UNFINISHED).write_text(json.dumps(record), encoding="utf-8")
    assert find_unfinished(take.parent) == []
    record["process"]["began"] -= 60  # another process that had this number before
    (take / UNFINISHED).write_text(json.dumps(record), encoding="utf-8")
    assert len(find_unfinished(take.parent)) == 1


def test_what_is_kept_is_not_asked_for_again(take: Path) -> None:
    files = {file.name: file.read_bytes() for file in take.iterdir() if file.name != UNFINISHED}
    keep(find_unfinished(take.parent)[0])
    assert find_unfinished(take.parent) == []
    assert {name: (take / name).read_bytes() for name in files} == files


def test_what_is_deleted_is_gone(take: Path) -> None:
    delete(find_unfinished(take.parent)[0])
    assert list(take.parent.iterdir()) == []


def _no_video(take: Path) -> None:
    (take / VIDEO).write_bytes(b"no video")


def _no_network(take: Path) -> None:
    (take / UNFINISHED).write_text('{"network": {"name": 3}}', encoding="utf-8")


def _no_json(take: Path) -> None:
    (take / UNFINISHED).write_text("[" * 100_000, encoding="utf-8")


@pytest.mark.parametrize("spoil", [_no_video, _no_network, _no_json])
def test_what_cannot_be_completed_is_told_and_left_as_it_is(
    spoil: Callable[[Path], None], take: Path
) -> None:
    spoil(take)
    before = {file.name: file.read_bytes() for file in take.iterdir()}
    (unfinished,) = find_unfinished(take.parent)
    with pytest.raises(UserError, match=r"as (it is|they are)\."):
        recover(unfinished)
    assert {file.name: file.read_bytes() for file in take.iterdir()} == before


def test_rows_of_nonsense_are_left_out(take: Path) -> None:
    (unfinished,) = find_unfinished(take.parent)
    lines = (take / KEYPOINTS).read_text(encoding="utf-8").splitlines()
    rows = [lines[0], lines[1], lines[2].replace("1.00", "nan", 1), "\0\xff,,,", lines[3][:9]]
    (take / KEYPOINTS).write_text("\n".join(rows), encoding="latin-1")
    recover(unfinished)
    about = json.loads((take / ABOUT).read_text(encoding="utf-8"))
    assert about["frames_predicted"] == 1


def test_a_folder_that_is_not_there_has_nothing_unfinished(tmp_path: Path) -> None:
    assert find_unfinished(tmp_path / "none") == []
    with pytest.raises(UserError, match="cannot be changed"):
        keep(UnfinishedTake(tmp_path / "none", 1.0, 1))
