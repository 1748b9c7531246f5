"""The running machinery: one ring, one capture thread, one worker, and what they are told."""

from __future__ import annotations

import gc
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from app.runtime.capture.capture_thread import CaptureThread
from app.runtime.capture.ring import FrameRing
from app.runtime.capture.source import Frame, FrameSource, Playback, SourceInfo
from app.runtime.lifecycle import (
    CancelOffline,
    ChoosePerson,
    Command,
    Compare,
    Configure,
    LoadProfile,
    Reset,
    RunOffline,
    SaveProfile,
    SetPersonalizing,
    ThreadState,
    UndoReset,
)
from app.runtime.live.engine import Engine, describe_network
from app.runtime.live.results import (
    Comparison,
    NetworkInfo,
    Phase,
    PoseResult,
    Schedule,
    TakeStatus,
    UpdateResult,
    WorkerStatus,
)
from app.runtime.live.worker import STOPPING_SECONDS, Worker
from app.runtime.processors import (
    GuardedProcessor,
    Processor,
    ProcessorResult,
    ProcessorThread,
)
from app.runtime.profiles import ProfileFolder
from model.adaptation import Learnt, PersonalizationSettings, preset, preset_name
from model.adaptation.profile import ProfileBase, ProfileInfo, fitting_preset, load_profile
from model.core.errors import UserError

if TYPE_CHECKING:
    from app.runtime.recordings.take import TakeRecorder


class Session(Protocol):
    """Everything the window may ask of the running machinery; every call returns at once.

    Results are pulled by the window's timer, never pushed. ``latest_*`` give the newest record or
    None; ``take_*`` give the records since the last call, oldest first, from a bounded queue.
    """

    network: NetworkInfo
    base: ProfileBase
    """The network as profiles know it."""

    def latest_frame(self) -> Frame | None:
        """The newest captured frame."""

    def frame(self, index: int) -> Frame | None:
        """The captured frame with that index if the ring still holds it."""

    def latest_result(self) -> PoseResult | None: ...

    def take_results(self) -> list[PoseResult]: ...

    def take_updates(self) -> list[UpdateResult]: ...

    def take_messages(self) -> list[str]:
        """Sentences for the user: faults, a camera that stopped, a finished offline run."""

    def status(self) -> WorkerStatus: ...

    def processors(self) -> list[str]:
        """Titles of the processors that get the results now."""

    def set_playing(self, playing: bool) -> None:
        """Go on, or stand still; a file at its end begins again."""

    def playback(self) -> Playback | None:
        """Where the open file or folder is; None for a camera, or when nothing is open."""

    def seek(self, index: int) -> None:
        """Go to the file's frame of that number; what follows is seen as behind a cut."""

    def step(self, frames: int) -> None:
        """Stand still, and show the file's frame so many after (or before) this one."""

    def set_speed(self, speed: float) -> None:
        """Play the open file so many times as fast; the next one has its own speed again."""

    def set_looping(self, looping: bool) -> None:
        """Whether files begin again at their end, this one and those to come."""

    def source_is_silent(self) -> bool:
        """Whether the source failed, or is waited for to answer again."""

    def set_personalizing(self, personalizing: bool) -> None: ...

    def set_preset(self, name: str) -> None:
        """Choose a personalization preset by name; takes effect with a reset."""

    def configure(self, settings: PersonalizationSettings) -> None:
        """Personalize by settings that make up no preset; takes effect with a reset."""

    def set_comparison(self, comparison: Comparison) -> None:
        """How often to predict with the trained weights beside the personalized ones."""

    def reset(self) -> None:
        """Back to the pristine weights, an empty optimiser and no updates."""

    def undo_reset(self) -> None:
        """Bring back what the last reset or loaded profile took away, if anything."""

    def save_profile(self, folder: ProfileFolder, name: str, *, replace: bool) -> None:
        """Save what has been learnt so far; a message tells what became of it.

        ``UserError`` if nothing can be.
        """

    def load_profile(self, path: Path) -> ProfileInfo:
        """Go on from a profile, with its own preset if the present one does not fit it.

        ``UserError`` if it cannot be used.
        """

    def run_offline(self) -> None:
        """Personalize over the frames held in memory, then go on predicting."""

    def cancel_offline(self) -> None: ...

    def choose_person(self, x: float, y: float) -> None:
        """Follow the person at that point of the frame (pixels)."""

    def start_recording(self, folder: Path) -> None:
        """Record a take into a new folder in ``folder``; UserError if nothing can be written."""

    def stop_recording(self) -> None:
        """End the take, which is written to its end in the background."""

    def recording(self) -> TakeStatus | None:
        """The take that is being recorded, if one is."""

    def close(self) -> None:
        """Stop every thread and join it."""


_OPENING_SECONDS = 20.0
_LAST_SECONDS = 20.0  # for a take to be written to its end
_TYPICAL_FRAME_RATE = 30.0
_MESSAGES_KEPT = 32


class LiveSession:
    """Implements ``app.runtime.live.session.Session`` and opens sources for it.

    ``make_engine`` loads what the worker needs; it is called once here and again if the worker
    has to be started anew after a fault. ``schedule`` forces a schedule instead of measuring.
    """

    network: NetworkInfo
    base: ProfileBase

    def __init__(self, make_engine: Callable[[], Engine], schedule: Schedule | None = None) -> None:
        self._make_engine = make_engine
        self._schedule = schedule
        self._lock = threading.Lock()
        self._messages: deque[str] = deque(maxlen=_MESSAGES_KEPT)
        self._faulted = False
        self._standing: dict[type, Command] = {}
        self._capture: CaptureThread | None = None
        self._take: TakeRecorder | None = None
        self.looping = True
        """Whether files begin again at their end."""
        self._ring = FrameRing()
        self._processors: list[ProcessorThread] = []
        engine = make_engine()
        self.network = describe_network(engine.network.spec, engine.weights_name)
        self.base = engine.profile_base
        self._worker = self._start_worker(engine)

    def open(self, source: FrameSource, *, loop: bool) -> None:
        """Look at ``source`` from now on; the old one goes on if it cannot be opened (UserError).

        Another source shows another person: weights, memory and the person are forgotten.
        """
        capture = CaptureThread(
            source, self._ring, self._say, loop, self._capture_failed, self._capture_cut
        )
        capture.pause()
        capture.start()
        state = capture.wait_started(_OPENING_SECONDS)
        if state is not ThreadState.RUNNING:
            capture.stop(0.0)
            fault = capture.fault
            if isinstance(fault, UserError):
                self.take_messages()  # the same sentence, said by the thread
                raise fault
            raise UserError(
                "The source does not answer. Check that it is connected and not in use by another "
                "program, or choose another source."
            )
        if self._capture is not None:
            self._capture.stop()
        self.stop_recording()
        self._capture = capture
        self._post(Reset(forget=True))
        capture.resume()

    def close_source(self) -> None:
        """Look at nothing until the next source is opened."""
        if self._capture is not None:
            self._capture.stop()
            self._capture = None

    @property
    def source_info(self) -> SourceInfo | None:
        """What is really captured; None when nothing is open."""
        return self._capture.info if self._capture else None

    def latest_frame(self) -> Frame | None:
        return self._ring.latest()

    def frame(self, index: int) -> Frame | None:
        return self._ring.get(index)

    def latest_result(self) -> PoseResult | None:
        return self._worker.result_buffer.latest_result()

    def take_results(self) -> list[PoseResult]:
        return self._worker.result_buffer.take_results()

    def take_updates(self) -> list[UpdateResult]:
        return self._worker.result_buffer.take_updates()

    def take_messages(self) -> list[str]:
        with self._lock:
            messages = list(self._messages)
            self._messages.clear()
            return messages

    def status(self) -> WorkerStatus:
        status = self._worker.result_buffer.status()
        return replace(status, phase=Phase.FAULTED, undo_steps=0) if self._faulted else status

    def add_processor(self, title: str, processor: Processor) -> None:
        """Give every result from now on to ``processor``, in a thread of its own."""
        thread = ProcessorThread(GuardedProcessor(title, processor, self._say))
        thread.start()
        self._processors.append(thread)

    def processors(self) -> list[str]:
        return [thread.title for thread in self._processors if thread.title]

    def set_playing(self, playing: bool) -> None:
        if self._capture is not None:
            if playing:
                self._capture.resume()
            else:
                self._capture.pause()

    def playback(self) -> Playback | None:
        return self._capture.playback if self._capture else None

    def seek(self, index: int) -> None:
        if self._capture is not None:
            self._capture.seek(index)

    def step(self, frames: int) -> None:
        if self._capture is not None:
            self._capture.step(frames)

    def set_speed(self, speed: float) -> None:
        if self._capture is not None:
            self._capture.set_speed(speed)

    def set_looping(self, looping: bool) -> None:
        self.looping = looping
        if self._capture is not None:
            self._capture.set_loop(looping)

    def source_is_silent(self) -> bool:
        return self._capture is not None and self._capture.silent

    def set_personalizing(self, personalizing: bool) -> None:
        if not personalizing or self._can_personalize():
            self._set(SetPersonalizing(personalizing))

    def set_preset(self, name: str) -> None:
        self.configure(preset(name).settings)

    def configure(self, settings: PersonalizationSettings) -> None:
        self._set(Configure(settings))

    def set_comparison(self, comparison: Comparison) -> None:
        self._set(Compare(comparison))

    def reset(self) -> None:
        if self._faulted:
            self._restart()
        else:
            self._post(Reset())

    def undo_reset(self) -> None:
        self._post(UndoReset())

    def save_profile(self, folder: ProfileFolder, name: str, *, replace: bool) -> None:
        def deliver(learnt: Learnt, settings: PersonalizationSettings) -> None:
            preset = preset_name(settings)
            try:
                info = folder.save(name, learnt, self.base, preset, replace=replace)
            except UserError as error:
                self._say(str(error))
            else:
                self._say(f'The profile "{info.name}" is saved.')

        self._check_running()
        if self._can_personalize():
            self._post(SaveProfile(deliver))

    def load_profile(self, path: Path) -> ProfileInfo:
        self._check_running()
        info, learnt = load_profile(path, self.base)
        self._post(LoadProfile(learnt, fitting_preset(info, learnt.changes).settings))
        return info

    def run_offline(self) -> None:
        if self._can_personalize():
            self._post(RunOffline())

    def cancel_offline(self) -> None:
        self._post(CancelOffline())

    def choose_person(self, x: float, y: float) -> None:
        self._post(ChoosePerson(x, y))

    def start_recording(self, folder: Path) -> None:
        from app.runtime.recordings.take import TakeRecorder  # slow to import, and rarely needed

        self.stop_recording()
        info = self.source_info
        about = {
            "source": None if info is None else info.name,
            "network": self.network.name,
            "settings": {kind.__name__: asdict(c) for kind, c in self._standing.items()},
        }
        take = TakeRecorder(self._ring, folder, self.network, about, self._take_done, self._say_why)
        take.start()
        self._take = take

    def stop_recording(self) -> None:
        if self._take is not None:
            self._take.stop(0.0)
            self._take = None

    def recording(self) -> TakeStatus | None:
        if self._take is not None and not self._take.is_alive():
            self.stop_recording()
        return None if self._take is None else self._take.status

    def close(self) -> None:
        if self._capture is not None:
            self._capture.stop()
        if self._take is not None:
            self._take.stop(_LAST_SECONDS)
            self.stop_recording()
        self._worker.stop(STOPPING_SECONDS)
        for thread in self._processors:
            thread.stop()
        self._ring.close()

    def _check_running(self) -> None:
        if self._faulted:
            raise UserError("Predicting has stopped. Press Reset to start it again first.")

    def _can_personalize(self) -> bool:
        if not self.network.personalizable:
            self._say(
                f"The network {self.network.variant!r} has no self-supervised task and cannot be "
                "personalized. Start with --weights of another variant."
            )
        return self.network.personalizable

    def _post(self, command: Command) -> None:
        self._worker.commands.post(command)

    def _set(self, command: Command) -> None:
        """Post a command that states how things shall be from now on, after a restart too."""
        self._standing[type(command)] = command
        self._post(command)

    def _start_worker(self, engine: Engine) -> Worker:
        info = self.source_info
        rate = info.fps if info else _TYPICAL_FRAME_RATE
        worker = Worker(
            engine, self._ring, rate, self._worker_failed, self._schedule, self._hand_out
        )
        worker.start()
        return worker

    def _hand_out(self, frame: Frame, result: PoseResult) -> None:
        take = self._take
        if take is not None:
            take.add_result(result)
        if self._processors:
            record = ProcessorResult.of(frame, result, self.network.joint_names)
            for thread in self._processors:
                thread.add(record)

    def _restart(self) -> None:
        """A worker that failed is replaced by a new one with the trained weights."""
        self._worker.stop(STOPPING_SECONDS)
        engine = self._make_engine()
        self._faulted = False
        self._worker = self._start_worker(engine)
        # The old network, hundreds of megabytes, is in a circle with what learnt from it and with
        # the error that ended it: Python would look for it much later.
        del engine
        gc.collect()
        for command in self._standing.values():
            self._post(command)

    def _say(self, sentence: str) -> None:
        with self._lock:
            self._messages.append(sentence)

    def _take_done(self, take: TakeStatus) -> None:
        if not take.frames:
            self._say("Nothing was recorded, for no picture came.")
            return
        lost = f", {take.lost} frames lost" if take.lost else ""
        self._say(f"Recorded {take.seconds:.0f} s ({take.frames} frames{lost}) to {take.folder}.")

    def _say_why(self, error: Exception) -> None:
        self._say(str(error) if isinstance(error, UserError) else f"Recording failed: {error}.")

    def _capture_failed(self, error: Exception) -> None:
        self._say(str(error) if isinstance(error, UserError) else f"The source stopped: {error}.")

    def _capture_cut(self, index: int) -> None:
        self._worker.cut_before(index)

    def _worker_failed(self, error: Exception) -> None:
        self._faulted = True
        self._say(
            f"Predicting or personalizing failed ({type(error).__name__}: {error}). "
            "Press Reset to start it again."
        )
