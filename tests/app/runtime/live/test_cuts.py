from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from app.runtime.capture.source import Grab
from app.runtime.live.results import PoseResult, Schedule
from app.runtime.live.session import LiveSession
from model.adaptation import SourceMemory
from tests.app.runtime.live.machinery import QUICK, Clip, picture, small_engine, wait_for

_CUT = 20


class _CutClip(Clip):
    """Two scenes of so many pictures, in which hardly anything moves.

    The second begins once it is ``awaited``: until then the first one is repeated.
    """

    awaited = False

    def read(self) -> Grab | None:
        if self._next == _CUT and not self.awaited:
            self.rewind()
        grab = super().read()
        if grab is None:
            return None
        scene = picture(3)
        if grab.media_index >= _CUT:
            coarse = np.random.default_rng(5).integers(0, 255, (6, 8, 3), np.uint8)
            scene = coarse.repeat(20, 0).repeat(20, 1)
        scene[:10, :10] = grab.media_index
        return replace(grab, image=scene)


@pytest.mark.fault(
    "The scene is cut",
    "The person is looked for anew; what was learnt is forgotten if the settings say so.",
)
@pytest.mark.parametrize("reset_on_cut", [True, False])
@pytest.mark.parametrize("schedule", [Schedule.STRICT, Schedule.TWO_LANES])
def test_what_was_learnt_is_forgotten_at_a_cut_if_the_settings_say_so(
    schedule: Schedule, reset_on_cut: bool
) -> None:
    settings = replace(QUICK, batch_size=1, reset_on_cut=reset_on_cut)
    session = LiveSession(lambda: small_engine(settings), schedule)
    clip = _CutClip(2 * _CUT)
    results: list[PoseResult] = []

    def crossed() -> bool:
        """Whether a picture of the second scene came, which does once the first was learnt."""
        results.extend(session.take_results())
        # A strict schedule has made one update again when it predicts the first of the second.
        clip.awaited = any(result.updates > 1 for result in results)
        return any(result.media_index >= _CUT for result in results)

    try:
        session.open(clip, loop=True)
        session.set_personalizing(True)
        wait_for(crossed)
    finally:
        session.close()
    updates = [result.updates for result in results]
    assert (np.diff(updates) < 0).any() == reset_on_cut


@pytest.mark.parametrize("reset_on_cut", [True, False])
def test_a_place_that_was_chosen_is_a_cut(
    reset_on_cut: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Views of whoever was there before are forgotten, before the first frame behind the cut."""
    kept: list[int] = []
    original = SourceMemory.clear

    def clear(memory: SourceMemory) -> None:
        kept.append(len(memory))
        original(memory)

    monkeypatch.setattr(SourceMemory, "clear", clear)
    settings = replace(QUICK, batch_size=1, reset_on_cut=reset_on_cut)
    engine = small_engine(settings)
    session = LiveSession(lambda: engine, Schedule.STRICT)
    results: list[PoseResult] = []

    def predicted(media_index: int) -> bool:
        results.extend(session.take_results())
        return any(result.media_index == media_index for result in results)

    try:
        session.open(Clip(200), loop=True)
        session.set_playing(False)
        wait_for(lambda: session.status().schedule is not None)
        session.seek(10)
        wait_for(lambda: predicted(10))
        forgotten = len(kept)
        resets = engine.follower.resets  # type: ignore[attr-defined]
        session.step(1)
        wait_for(lambda: predicted(11))
        assert len(kept) == forgotten  # a step is no cut
        session.seek(150)
        wait_for(lambda: predicted(150))
        assert len(kept) == forgotten + 1
        assert kept[-1] == 2
        assert engine.follower.resets == resets + 1  # type: ignore[attr-defined]
    finally:
        session.close()
