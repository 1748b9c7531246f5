"""Takes: every frame at its own time, the poses beside them, and what is left when things fail."""

from __future__ import annotations

import csv
import errno
import json
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import h5py
import numpy as np
import pytest
from numpy.typing import NDArray

from app.runtime.capture.ring import FrameRing
from app.runtime.capture.source import Frame
from app.runtime.lifecycle import ThreadState
from app.runtime.live.results import NetworkInfo, PoseResult, TakeStatus
from app.runtime.recordings.take import COCO, KEYPOINTS, SLEAP, VIDEO, TakeRecorder
from model.core.crop import SquareBox
from model.core.errors import UserError
from tests.app.runtime.live.machinery import wait_for

_NETWORK = NetworkInfo(
    "small", "transformer", "resnet18", ("head", "left hand"), ((0, 1),), ("middle", "left"), 1
)
# As a camera's are: not even, and two within a millisecond.
_TIMES = [100.0, 100.033, 100.0702, 100.0706, 100.5, 101.25]


def _picture(number: int, height: int = 48, width: int = 64) -> NDArray[np.uint8]:
    return np.full((height, width, 3), 20 * (number % 12) + 10, np.uint8)


def _result(index: int, found: bool = True) -> PoseResult:
    count = 2 if found else 0
    points = np.full((count, 2), float(index), np.float32)
    return PoseResult(
        frame_index=index,
        media_index=700 + index,
        timestamp=0.0,
        box=SquareBox(32, 24, 20) if found else None,
        keypoints=points,
        confidence=np.full(count, 0.5, np.float32),
        self_keypoints=np.zeros((1, 2), np.float32),
        affinity=np.ones((count, 1), np.float32),
        contribution=np.ones(1, np.float32),
        updates=3,
        latency=0.01,
    )


class _Take:
    """A recorder on a ring of its own, and what it said in the end."""

    def __init__(self, folder: Path, max_frames: int = 512) -> None:
        self.ring = FrameRing(max_frames=max_frames)
        self.done: list[TakeStatus] = []
        self.faults: list[Exception] = []
        about = {"source": "a test"}
        self.recorder = TakeRecorder(
            self.ring, folder, _NETWORK, about, self.done.append, self.faults.append
        )
        self.folder = self.recorder.status.folder

    def start(self) -> None:
        self.recorder.start()
        assert self.recorder.wait_started(60) is ThreadState.RUNNING

    def put(self, times: list[float], **size: int) -> None:
        for number, time in enumerate(times):
            self.ring.put(_picture(number, **size), time)

    def video(self, path: Path | None = None) -> list[tuple[int, float]]:
        """Milliseconds and mean grey value of each frame that can be read."""
        with av.open(path or self.folder / VIDEO) as container:
            frames = list(container.decode(video=0))
        assert all(frame.pts is not None and frame.time_base is not None for frame in frames)
        return [
            (round(1000 * float(frame.time)), float(frame.to_ndarray(format="rgb24").mean()))
            for frame in frames
        ]


@pytest.fixture
def take(tmp_path: Path) -> Iterator[_Take]:
    take = _Take(tmp_path)
    yield take
    take.recorder.stop()


def test_every_frame_is_recorded_at_its_own_time(take: _Take) -> None:
    take.start()
    take.put(_TIMES)
    assert take.recorder.stop()
    found = take.video()
    # Within a millisecond, and one after the other.
    assert [time for time, _ in found] == [0, 33, 70, 71, 500, 1250]
    np.testing.assert_allclose([value for _, value in found], [10, 30, 50, 70, 90, 110], atol=2)
    (status,) = take.done
    assert (status.frames, status.lost) == (6, 0) and status.seconds == pytest.approx(1.25)
    about = json.loads((take.folder / "take.json").read_text())
    assert about["source"] == "a test" and about["frames"] == 6 and about["frames_lost"] == 0


def test_pictures_of_odd_sides_keep_them(take: _Take) -> None:
    take.start()
    take.put(_TIMES[:2], height=47, width=65)
    assert take.recorder.stop()
    with av.open(take.folder / VIDEO) as container:
        frame = next(container.decode(video=0))
    assert (frame.height, frame.width) == (47, 65)


def test_poses_lie_beside_the_frames_that_they_were_found_in(take: _Take) -> None:
    take.start()
    take.put([100.0])
    wait_for(lambda: take.recorder.status.frames == 1)
    # Before its frame, out of the take, without a person; frame 3 is not predicted.
    for result in (_result(0), _result(1), _result(2, found=False)):
        take.recorder.add_result(result)
    take.put(_TIMES[1:4])
    wait_for(lambda: take.recorder.status.frames == 4)
    take.recorder.add_result(_result(77))
    assert take.recorder.stop()
    with (take.folder / KEYPOINTS).open() as file:
        rows = list(csv.DictReader(file))
    assert [row["frame"] for row in rows] == ["0", "1", "2"]
    assert [float(row["time_s"]) for row in rows] == pytest.approx([0, 0.033, 0.0702])
    assert [row["left_hand_x"] for row in rows] == ["0.00", "1.00", ""]
    assert rows[1]["updates"] == "3"
    coco = json.loads((take.folder / COCO).read_text())
    assert [image["frame"] for image in coco["images"]] == [0, 1, 2]
    assert [a["image_id"] for a in coco["annotations"]] == [1, 2]
    with h5py.File(take.folder / SLEAP) as file:
        tracks: Any = file["tracks"][()]
        assert tracks.shape == (1, 2, 2, 3)  # tracks, x and y, joints, frames
        np.testing.assert_array_equal(tracks[0, :, 1, 1], [1, 1])
        assert np.isnan(tracks[..., 2]).all()
        assert file["track_occupancy"][()].tolist() == [[1], [1], [0]]
        assert file["node_names"][()].tolist() == [b"head", b"left hand"]
        assert file["edge_names"][()].tolist() == [[b"head", b"left hand"]]


def test_a_take_that_is_not_ended_plays_to_its_last_second(take: _Take, tmp_path: Path) -> None:
    """What lies on the disk if the program is killed."""
    take.start()
    take.put([100 + 0.1 * number for number in range(60)])
    for number in range(60):
        take.recorder.add_result(_result(number))
    wait_for(lambda: take.recorder.status.frames == 60)
    shutil.copy(take.folder / VIDEO, tmp_path / "killed.mkv")
    times = [time for time, _ in take.video(tmp_path / "killed.mkv")]
    assert times == [100 * number for number in range(len(times))] and times[-1] >= 4900
    wait_for(lambda: (take.folder / KEYPOINTS).read_text().count("\n") > 1)


@pytest.mark.fault(
    "The machine is too slow to record every frame",
    "The frames that were lost are counted and told.",
)
def test_frames_that_gave_way_are_counted(tmp_path: Path) -> None:
    take = _Take(tmp_path, max_frames=4)
    take.put([100 + 0.1 * number for number in range(10)])
    take.start()
    wait_for(lambda: take.recorder.status.frames == 4)
    take.recorder.stop()
    assert take.done[0].lost == 6


def test_what_came_after_the_end_is_not_recorded(
    take: _Take, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though it comes before the recorder has got there: it may be another person's."""
    encode, go_on = take.recorder._encode, threading.Event()

    def waiting(frame: Frame) -> None:
        assert go_on.wait(60)
        encode(frame)

    monkeypatch.setattr(take.recorder, "_encode", waiting)
    take.start()
    take.put(_TIMES[:3])
    take.recorder.stop(0.0)
    take.put(_TIMES[3:])
    go_on.set()
    take.recorder.join()
    assert [time for time, _ in take.video()] == [0, 33, 70]


@pytest.mark.fault("A camera changes its resolution")
def test_pictures_of_another_size_end_the_take(take: _Take) -> None:
    take.start()
    take.put(_TIMES[:3])
    wait_for(lambda: take.recorder.status.frames == 3)
    take.ring.put(_picture(3, height=50), 101.0)
    wait_for(lambda: take.faults)
    assert "another size" in str(take.faults[0])
    assert len(take.video()) == 3 and (take.folder / COCO).is_file()


@pytest.mark.fault(
    "The disk gets full during a recording",
    "The take ends with a sentence; what was written until then is kept and plays.",
)
def test_a_full_disk_ends_the_take_and_keeps_what_is_written(
    take: _Take, monkeypatch: pytest.MonkeyPatch
) -> None:
    take.start()
    take.put(_TIMES[:3])
    wait_for(lambda: take.recorder.status.frames == 3)

    def full(frame: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(take.recorder, "_encode", full)
    take.put([101.0])
    wait_for(lambda: take.recorder.state is ThreadState.FAULTED)
    (fault,) = take.faults
    assert isinstance(fault, UserError)
    assert "No space left on device" in str(fault) and "is kept" in str(fault)
    assert len(take.video()) == 3


def test_a_take_without_a_picture_leaves_nothing(take: _Take) -> None:
    take.start()
    assert take.recorder.stop()
    assert not take.folder.exists() and take.done[0].frames == 0 and not take.faults


@pytest.mark.fault(
    "The disk is full or read-only before a recording",
    "A sentence says so, and no empty folder is left.",
)
def test_a_disk_that_is_full_from_the_start_is_told(
    take: _Take, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: object, **options: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(av, "open", full)
    take.recorder.start()
    wait_for(lambda: take.recorder.state is ThreadState.FAULTED)
    (fault,) = take.faults
    assert isinstance(fault, UserError) and "No space left on device" in str(fault)
    assert not take.folder.exists()


def test_each_take_has_a_folder_of_its_own(tmp_path: Path) -> None:
    folders = {_Take(tmp_path).folder for _ in range(3)}
    assert len(folders) == 3 and all(folder.parent == tmp_path for folder in folders)


@pytest.mark.fault("The disk is full or read-only before a recording")
def test_a_place_that_cannot_be_written_is_refused_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot be"):
        _Take(tmp_path / "file")
