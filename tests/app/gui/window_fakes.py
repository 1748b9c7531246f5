"""A session and sources that do nothing by themselves: tests set what they publish."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray
from pytestqt.qtbot import QtBot

from app.assets import Demo, KnownJoints
from app.gui.main_window import MainWindow
from app.gui.panels.keypointgan import KeypointGanChoice
from app.runtime.capture.camera import Preview
from app.runtime.capture.source import Frame, Playback
from app.runtime.live.change import ChangeReport
from app.runtime.live.results import (
    Comparison,
    NetworkInfo,
    OfflineProgress,
    Phase,
    PoseResult,
    Schedule,
    TakeStatus,
    UpdateNumbers,
    UpdateResult,
    WorkerStatus,
)
from app.runtime.profiles import ProfileFolder
from app.runtime.recordings.offline_run import OfflineOutcome, OfflineRuns, OfflineWish
from app.settings import AppSettings, CameraMode
from model.adaptation import PersonalizationSettings
from model.adaptation.profile import ProfileBase, ProfileInfo, load_profile
from model.core.crop import SquareBox
from model.core.errors import UserError
from model.core.skeleton import PENN13

SELF_KEYPOINTS = 30


@dataclass(frozen=True)
class FakePreset:
    """Words of a personalization preset, without its settings."""

    name: str
    title: str
    description: str


PRESETS = [
    FakePreset("gentle", "Gentle", "Learns little from each picture"),
    FakePreset("paper", "As published", "The settings of the paper"),
]
NETWORK = NetworkInfo(
    name="starter",
    variant="transformer",
    backbone="resnet34",
    joint_names=PENN13.names,
    limbs=PENN13.limbs,
    sides=tuple(PENN13.side(joint) for joint in range(len(PENN13))),
    self_keypoints=SELF_KEYPOINTS,
)
PLACE = Playback(index=300, count=1500, fps=25.0, speed=1.0, looping=True, ended=False)
BASE = ProfileBase("starter", "1f" * 32, {"a": (3,)})


def make_frame(index: int, timestamp: float = 0.0, value: int = 90) -> Frame:
    """A grey 480 x 640 frame."""
    return Frame(index, timestamp, np.full((480, 640, 3), value, np.uint8), index)


def make_result(
    index: int, timestamp: float = 0.0, keypoints: NDArray[np.float32] | None = None
) -> PoseResult:
    """A prediction with every keypoint sure, and an affinity with three peaks per joint."""
    rng = np.random.default_rng(index // 8)
    if keypoints is None:
        keypoints = rng.uniform(100, 400, (len(PENN13), 2)).astype(np.float32)
    low, high = keypoints.min(axis=0), keypoints.max(axis=0)
    x, y = (low + high) / 2
    logits = 4.0 * rng.standard_normal((len(PENN13), SELF_KEYPOINTS))
    affinity = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return PoseResult(
        frame_index=index,
        media_index=index,
        timestamp=timestamp,
        box=SquareBox(x=float(x), y=float(y), side=1.25 * float(np.max(high - low))),
        keypoints=keypoints,
        confidence=np.full(len(PENN13), 0.9, np.float32),
        self_keypoints=rng.uniform(low, high, (SELF_KEYPOINTS, 2)).astype(np.float32),
        affinity=affinity.astype(np.float32),
        contribution=affinity.sum(axis=0).astype(np.float32),
        updates=index,
        latency=0.06,
        unpersonalized=keypoints + rng.normal(0, 8, keypoints.shape).astype(np.float32),
    )


def make_update(number: int, timestamp: float = 0.0) -> UpdateResult:
    """An update with three flat pictures."""
    picture = np.full((128, 128, 3), 40 + number % 200, np.uint8)
    return UpdateResult(number, 6.0, 0.25, 4, timestamp, picture, picture, picture)


def offline_status(done: int, total: int, seconds_left: float) -> WorkerStatus:
    """A worker in an offline run."""
    return WorkerStatus(
        phase=Phase.OFFLINE,
        schedule=Schedule.TWO_LANES,
        device="CPU",
        offline=OfflineProgress(done, total, seconds_left),
    )


class FakeRuns(OfflineRuns):
    """A run over whole videos that is as far as a test says; ``calls`` has what was asked."""

    def __init__(self) -> None:
        super().__init__(_no_engine, lambda *learnt: None, lambda sentence: None)
        self.shown: OfflineProgress | None = None
        self.updates: list[UpdateNumbers] = []
        self.outcome: OfflineOutcome | None = None
        self.calls: list[tuple[object, ...]] = []

    @property
    def progress(self) -> OfflineProgress | None:
        return self.shown

    def pause(self, paused: bool) -> None:
        self.calls.append(("pause", paused))

    def take_updates(self) -> list[UpdateNumbers]:
        taken, self.updates = self.updates, []
        return taken

    def take_outcome(self) -> OfflineOutcome | None:
        taken, self.outcome = self.outcome, None
        return taken


def _no_engine() -> NoReturn:
    raise AssertionError("nothing is computed")


@dataclass
class FakeSession:
    """Publishes what a test puts in, and writes down in ``calls`` what it was asked for."""

    network: NetworkInfo = NETWORK
    base: ProfileBase = BASE
    frames: dict[int, Frame] = field(default_factory=dict)
    result: PoseResult | None = None
    results: list[PoseResult] = field(default_factory=list)
    updates: list[UpdateResult] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    worker: WorkerStatus = field(default_factory=WorkerStatus)
    titles: list[str] = field(default_factory=list)
    calls: list[tuple[object, ...]] = field(default_factory=list)
    take: TakeStatus | None = None
    place: Playback | None = None
    silent: bool = False
    offline: OfflineRuns = field(default_factory=FakeRuns)
    change: ChangeReport | None = None

    def publish(self, frame: Frame, result: PoseResult | None = None) -> None:
        """Put ``frame`` into the ring, with the prediction that came for it."""
        self.frames[frame.index] = frame
        if result is not None:
            self.result = result
            self.results.append(result)

    def latest_frame(self) -> Frame | None:
        return self.frames[max(self.frames)] if self.frames else None

    def frame(self, index: int) -> Frame | None:
        return self.frames.get(index)

    def latest_result(self) -> PoseResult | None:
        return self.result

    def take_results(self) -> list[PoseResult]:
        taken, self.results = self.results, []
        return taken

    def take_updates(self) -> list[UpdateResult]:
        taken, self.updates = self.updates, []
        return taken

    def take_messages(self) -> list[str]:
        taken, self.messages = self.messages, []
        return taken

    def status(self) -> WorkerStatus:
        return self.worker

    def processors(self) -> list[str]:
        return self.titles

    def set_playing(self, playing: bool) -> None:
        self.calls.append(("set_playing", playing))

    def playback(self) -> Playback | None:
        return self.place

    def seek(self, index: int) -> None:
        self.calls.append(("seek", index))

    def step(self, frames: int) -> None:
        self.calls.append(("step", frames))

    def set_speed(self, speed: float) -> None:
        self.calls.append(("set_speed", speed))

    def set_looping(self, looping: bool) -> None:
        self.calls.append(("set_looping", looping))

    def source_is_silent(self) -> bool:
        return self.silent

    def set_personalizing(self, personalizing: bool) -> None:
        self.calls.append(("set_personalizing", personalizing))

    def set_preset(self, name: str) -> None:
        self.calls.append(("set_preset", name))

    def configure(self, settings: PersonalizationSettings) -> None:
        self.calls.append(("configure", settings))

    def set_comparison(self, comparison: Comparison) -> None:
        self.calls.append(("set_comparison", comparison))

    def reset(self) -> None:
        self.calls.append(("reset",))

    def start_recording(self, folder: Path) -> None:
        self.calls.append(("start_recording", folder))
        self.take = TakeStatus(folder, 0.0, 0, 0)

    def stop_recording(self) -> None:
        self.calls.append(("stop_recording",))
        self.take = None

    def recording(self) -> TakeStatus | None:
        return self.take

    def undo_reset(self) -> None:
        self.calls.append(("undo_reset",))

    def save_profile(self, folder: ProfileFolder, name: str, *, replace: bool) -> None:
        self.calls.append(("save_profile", name, replace))

    def load_profile(self, path: Path) -> ProfileInfo:
        info, learnt = load_profile(path, self.base)
        self.calls.append(("load_profile", info.name, learnt.updates))
        return info

    def run_offline(self) -> None:
        self.calls.append(("run_offline",))

    def cancel_offline(self) -> None:
        self.calls.append(("cancel_offline",))

    def learn_from_videos(self, wish: OfflineWish) -> None:
        self.calls.append(("learn_from_videos", wish))

    def ask_change(self) -> None:
        self.calls.append(("ask_change",))

    def take_change(self) -> ChangeReport | None:
        taken, self.change = self.change, None
        return taken

    def export_onnx(self, path: Path) -> None:
        self.calls.append(("export_onnx", path))

    def replay(self) -> None:
        self.calls.append(("replay",))

    def choose_person(self, x: float, y: float) -> None:
        self.calls.append(("choose_person", x, y))

    def close(self) -> None:
        self.calls.append(("close",))


@dataclass
class FakePreview:
    """Shows ``image``, or has a ``problem``; ``stopped`` says that its camera is free again."""

    image: NDArray[np.uint8] | None = None
    problem: str = ""
    stopped: bool = False

    def picture(self) -> NDArray[np.uint8] | None:
        return self.image

    def stop(self) -> None:
        self.stopped = True


@dataclass
class FakeSources:
    """Opens everything but what is called ``broken``, and counts how often cameras are listed."""

    opened: list[tuple[str, str]] = field(default_factory=list)
    camera_names: list[str] = field(default_factory=lambda: ["FaceTime HD", "Cam & Co"])
    listed: int = 0
    known: bool = False
    file: Path | None = None
    camera_mode: CameraMode | None = None
    previews: dict[str, FakePreview] = field(default_factory=dict)

    def cameras(self) -> list[str]:
        self.listed += 1
        if "broken" in self.camera_names:
            raise UserError("The cameras cannot be listed. Allow access to the camera.")
        return self.camera_names

    def preview(self, name: str) -> Preview:
        self.previews[name] = FakePreview()
        return self.previews[name]

    def demos(self) -> list[Demo]:
        return [
            Demo("webcam", "Person at a desk", Path("webcam.mp4")),
            Demo("gymnast", "Gymnast, four cameras", Path("gymnast.mp4")),
        ]

    def open_camera(self, name: str) -> None:
        self._open("camera", name)

    def set_camera_mode(self, mode: CameraMode) -> bool:
        self.camera_mode = mode
        if self.opened and self.opened[-1][0] == "camera":
            self._open(*self.opened[-1])
            return True
        return False

    def open_video(self, path: str) -> None:
        self._open("video", path)

    def open_images(self, path: str) -> None:
        self._open("images", path)

    def open_demo(self, name: str) -> None:
        self._open("demo", name)

    def title(self) -> str:
        return self.opened[-1][1] if self.opened else ""

    def mode(self) -> str:
        return f"{self.title()} 640×480@25" if self.opened else ""

    def has_known_joints(self) -> bool:
        return self.known

    def known_joints(self) -> KnownJoints | None:
        return None

    def recording(self) -> Path | None:
        return self.file

    def known_error(self, result: PoseResult) -> tuple[float, float] | None:
        return (3.0, 4.5) if self.known else None

    def _open(self, kind: str, value: str) -> None:
        if "broken" in value:
            raise UserError(f"{value} cannot be opened. Choose another source.")
        self.opened.append((kind, value))


def make_window(
    qtbot: QtBot,
    session: FakeSession,
    sources: FakeSources | None = None,
    settings: AppSettings | None = None,
    save: Callable[[AppSettings], None] = lambda _settings: None,
    keypointgan: KeypointGanChoice | None = None,
    profiles: ProfileFolder | None = None,
) -> MainWindow:
    """A shown window whose timer stands still: a test calls ``tick`` itself."""
    window = MainWindow(
        session,
        sources or FakeSources(),
        PRESETS,
        settings or AppSettings(welcomed=True),
        save,
        keypointgan,
        profiles,
    )
    qtbot.addWidget(window)
    window.timer.stop()
    with qtbot.waitExposed(window):
        window.show()
    # Keys go to the active window only.
    window.activateWindow()
    session.calls.clear()
    return window


def tick(window: MainWindow) -> None:
    """What the window does each time its timer fires."""
    window.timer.tick.emit()
