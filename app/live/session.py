"""The live session as the window and the benchmark see it."""

from __future__ import annotations

from typing import Protocol

from app.capture.frame import Frame
from app.live.records import Comparison, NetworkInfo, PoseResult, UpdateResult, WorkerStatus


class Session(Protocol):
    """Everything the window may ask of the running machinery; every call returns at once.

    Results are pulled by the window's timer, never pushed. ``latest_*`` give the newest record or
    None; ``take_*`` give the records since the last call, oldest first, from a bounded queue.
    """

    network: NetworkInfo

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

    def set_playing(self, playing: bool) -> None: ...

    def set_personalizing(self, personalizing: bool) -> None: ...

    def set_preset(self, name: str) -> None:
        """Choose a personalization preset by name; takes effect with a reset."""

    def set_comparison(self, comparison: Comparison) -> None:
        """How often to predict with the trained weights beside the personalized ones."""

    def reset(self) -> None:
        """Back to the pristine weights, an empty optimiser and no updates."""

    def run_offline(self) -> None:
        """Personalize over the frames held in memory, then go on predicting."""

    def cancel_offline(self) -> None: ...

    def choose_person(self, x: float, y: float) -> None:
        """Follow the person at that point of the frame (pixels)."""

    def close(self) -> None:
        """Stop every thread and join it."""
