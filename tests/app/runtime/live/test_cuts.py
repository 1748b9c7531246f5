from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from app.runtime.capture.source import Grab
from app.runtime.live.results import PoseResult, Schedule
from app.runtime.live.session import LiveSession
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
