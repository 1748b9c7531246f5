"""What the window asks of the running machinery; ``LiveSession`` answers."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from app.runtime.capture.source import Frame, Playback
from app.runtime.live.change import ChangeReport
from app.runtime.live.results import (
    Comparison,
    NetworkInfo,
    PoseResult,
    TakeStatus,
    UpdateResult,
    WorkerStatus,
)
from app.runtime.profiles import ProfileFolder
from app.runtime.recordings.offline_run import OfflineRuns, OfflineWish
from model.adaptation import PersonalizationSettings
from model.adaptation.profile import ProfileBase, ProfileInfo


class Session(Protocol):
    """Everything the window may ask of the running machinery; every call returns at once.

    Results are pulled by the window's timer, never pushed. ``latest_*`` give the newest record or
    None; ``take_*`` give the records since the last call, oldest first, from a bounded queue.
    """

    network: NetworkInfo
    base: ProfileBase
    """The network as profiles know it."""
    offline: OfflineRuns
    """The run over whole videos, if there is one."""

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
        """Bring back what a reset, a profile or an offline run took away last, if anything."""

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

    def learn_from_videos(self, wish: OfflineWish) -> None:
        """Personalize on whole videos beside everything else; ``offline`` tells how far it is.

        Whatever starts over (a reset, a preset, a profile, a source) gives the run up.
        """

    def ask_change(self) -> None:
        """Have before and after compared on the last frames; ``take_change`` tells what came."""

    def take_change(self) -> ChangeReport | None:
        """The comparison that was asked for, once, if something was learnt."""

    def cancel_offline(self) -> None:
        """End a run of either kind; one over whole videos leaves nothing behind."""

    def export_onnx(self, path: Path) -> None:
        """Write the network as it is personalized now; a message tells what became of it."""

    def replay(self) -> None:
        """Play the file that is open from its start."""

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
