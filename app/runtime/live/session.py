"""The running machinery: one ring, one capture thread, one worker, and what they are told."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from app.runtime.capture.capture_thread import SourceSwitch
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
    StartOver,
    Task,
    TellChange,
    UndoReset,
)
from app.runtime.live.change import ChangeReport
from app.runtime.live.engine import Engine, describe_network
from app.runtime.live.export import OnnxExport
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
from app.runtime.recordings.offline_run import OfflineRuns, OfflineWish
from model.adaptation import Learnt, PersonalizationSettings, preset, preset_name
from model.adaptation.profile import ProfileBase, ProfileInfo, fitting_preset, load_profile
from model.core.device import give_back_memory, is_out_of_memory
from model.core.errors import UserError

if TYPE_CHECKING:
    from app.runtime.recordings.take import TakeRecorder


_SPARE_CPU = "CPU (graphics memory full)"
_LAST_SECONDS = 20.0  # for a take to be written to its end
_TYPICAL_FRAME_RATE = 30.0
_MESSAGES_KEPT = 32


class LiveSession:
    """Implements ``app.runtime.live.session.Session`` and opens sources for it.

    ``make_engine`` loads what the worker needs; it is called once here and again if the worker
    has to be started anew after a fault. ``schedule`` forces a schedule instead of measuring.
    ``on_cpu`` loads the same for the processor: where it is given, a device whose memory does not
    suffice is left for that, with what was learnt.
    """

    network: NetworkInfo
    base: ProfileBase
    offline: OfflineRuns

    def __init__(
        self,
        make_engine: Callable[[], Engine],
        schedule: Schedule | None = None,
        on_cpu: Callable[[], Engine] | None = None,
    ) -> None:
        self._make_engine = make_engine
        self._schedule = schedule
        self._on_cpu = on_cpu
        self._lock = threading.Lock()
        self._closed = False
        self._restart: Task | None = None
        self._messages: deque[str] = deque(maxlen=_MESSAGES_KEPT)
        self._exports: list[OnnxExport] = []
        self._changes: deque[ChangeReport | None] = deque(maxlen=1)
        self._faulted = False
        self._standing: dict[type, Command] = {}
        self._take: TakeRecorder | None = None
        self.looping = True
        """Whether files begin again at their end."""
        self._ring = FrameRing()
        self._switch = SourceSwitch(
            self._ring,
            self._say,
            self._capture_failed,
            self._cut_before,
        )
        self._processors: list[ProcessorThread] = []
        self.offline = OfflineRuns(make_engine, self._adopt, self._say)
        engine = make_engine()
        self.network = describe_network(engine.network.spec, engine.weights_name)
        self.base = engine.profile_base
        self._worker = self._start_worker(engine)

    def open(self, source: FrameSource, *, loop: bool) -> None:
        """Look at ``source`` from now on; the old one goes on if it cannot be opened (UserError).

        Another source shows another person: weights, memory and the person are forgotten. May be
        called in any thread, and takes as long as the source does; see ``SourceSwitch.open``.
        """
        capture = self._switch.open(source, loop=loop)
        self.stop_recording()
        self._post(Reset(forget=True))
        capture.resume()

    def close_source(self) -> None:
        """Look at nothing until the next source is opened."""
        self._switch.close()

    @property
    def source_info(self) -> SourceInfo | None:
        """What is really captured; None when nothing is open."""
        return self._switch.info

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
        if (progress := self.offline.progress) is not None:
            status = replace(status, phase=Phase.OFFLINE, offline=progress)
        return replace(status, phase=Phase.FAULTED, undo_steps=0) if self._faulted else status

    def add_processor(self, title: str, processor: Processor) -> None:
        """Give every result from now on to ``processor``, in a thread of its own."""
        thread = ProcessorThread(GuardedProcessor(title, processor, self._say))
        thread.start()
        self._processors.append(thread)

    def processors(self) -> list[str]:
        return [thread.title for thread in self._processors if thread.title]

    def set_playing(self, playing: bool) -> None:
        self._switch.set_playing(playing)

    def playback(self) -> Playback | None:
        capture = self._switch.capture
        return capture.playback if capture else None

    def seek(self, index: int) -> None:
        capture = self._switch.capture
        if capture is not None:
            capture.seek(index)

    def step(self, frames: int) -> None:
        capture = self._switch.capture
        if capture is not None:
            capture.step(frames)

    def set_speed(self, speed: float) -> None:
        capture = self._switch.capture
        if capture is not None:
            capture.set_speed(speed)

    def set_looping(self, looping: bool) -> None:
        self.looping = looping
        capture = self._switch.capture
        if capture is not None:
            capture.set_loop(looping)

    def source_is_silent(self) -> bool:
        capture = self._switch.capture
        return capture is not None and capture.silent

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
            self._start_again("Predicting starts again, with the trained weights.")
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

    def learn_from_videos(self, wish: OfflineWish) -> None:
        if self._can_personalize():
            self.offline.start(wish, self._worker.settings)

    def cancel_offline(self) -> None:
        self.offline.cancel()
        self._post(CancelOffline())

    def ask_change(self) -> None:
        self._post(TellChange(self._changes.append))

    def take_change(self) -> ChangeReport | None:
        return self._changes.pop() if self._changes else None

    def export_onnx(self, path: Path) -> None:
        def begin(learnt: Learnt, _settings: PersonalizationSettings) -> None:
            export = OnnxExport(path, learnt, self._make_engine, self._say)
            self._exports = [thread for thread in self._exports if thread.is_alive()] + [export]
            export.start()

        self._check_running()
        if self.network.personalizable:
            self._post(SaveProfile(begin))
        else:
            begin(Learnt({}, 0), self._worker.settings)

    def replay(self) -> None:
        capture = self._switch.capture
        if capture is not None:
            capture.begin_again()

    def _adopt(self, learnt: Learnt, settings: PersonalizationSettings) -> None:
        found = LoadProfile(learnt, settings)
        if self._faulted:
            self._start_again("Predicting starts again, with what was learnt.", found)
        else:
            self._post(found)

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
        take, self._take = self._take, None
        if take is not None:
            take.stop(0.0)

    def recording(self) -> TakeStatus | None:
        if self._take is not None and not self._take.is_alive():
            self.stop_recording()
        return None if self._take is None else self._take.status

    def close(self) -> None:
        with self._lock:
            self._closed = True
        if self._restart is not None:
            self._restart.stop(STOPPING_SECONDS)
        self._switch.close()
        if self._take is not None:
            self._take.stop(_LAST_SECONDS)
            self.stop_recording()
        self._worker.stop(STOPPING_SECONDS)
        for thread in self._processors:
            thread.stop()
        for export in self._exports:
            export.stop(STOPPING_SECONDS)
        self.offline.close()
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
        if isinstance(command, StartOver):
            self.offline.cancel()
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

    def _start_again(
        self, sentence: str, found: LoadProfile | None = None, *, keep: bool = False
    ) -> None:
        """Replace a worker that failed by a new one, beside the caller; say ``sentence``.

        It begins with the trained weights, with what was ``found`` elsewhere, or, to ``keep`` it,
        with what the former had learnt.
        """
        with self._lock:
            if self._closed or (self._restart is not None and self._restart.is_alive()):
                return
            self._restart = Task(
                "app-restart", lambda: self._replace_worker(found, keep), self._restart_failed
            )
        self._say(sentence)
        self._restart.start()

    def _replace_worker(self, found: LoadProfile | None, keep: bool) -> None:
        former = self._worker
        former.stop(STOPPING_SECONDS)
        learnt = former.learnt() if keep else None
        del former
        engine = self._make_engine()
        with self._lock:
            if self._closed:
                return
            self._worker = self._start_worker(engine)
            self._faulted = False
        # The old network, hundreds of megabytes, is in a circle with what learnt from it and with
        # the error that ended it: Python would look for it much later.
        del engine
        give_back_memory()
        for command in list(self._standing.values()):
            self._post(command)
        if learnt is not None:
            found = LoadProfile(*learnt)
        if found is not None:
            self._post(found)

    def _restart_failed(self, error: Exception) -> None:
        told = str(error) if isinstance(error, UserError) else f"{type(error).__name__}: {error}."
        self._say(f"Predicting could not be started again. {told}")

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

    def _cut_before(self, index: int) -> None:
        self._worker.cut_before(index)

    def _worker_failed(self, error: Exception) -> None:
        self._faulted = True
        if self._on_cpu is not None and is_out_of_memory(error):
            load, self._on_cpu = self._on_cpu, None
            self._make_engine = lambda: replace(load(), device_text=_SPARE_CPU)
            self._start_again(
                "The memory of the graphics card does not suffice. The processor goes on, with "
                "what was learnt; it is slower.",
                keep=True,
            )
            return
        self._say(
            f"Predicting or personalizing failed ({type(error).__name__}: {error}). "
            "Press Reset to start it again."
        )
