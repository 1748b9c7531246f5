"""Resets that are undone and profiles that are saved and loaded, in both schedules."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from app.runtime.capture.source import Grab
from app.runtime.lifecycle import SaveProfile
from app.runtime.live.results import Comparison, Phase, PoseResult, Schedule
from app.runtime.live.session import LiveSession
from app.runtime.profiles import ProfileFolder
from model.adaptation import Learnt, PersonalizationSettings
from model.adaptation.profile import save_profile
from model.core.errors import UserError
from tests.app.runtime.live.machinery import QUICK, Clip, picture, small_engine, wait_for

ONE = replace(QUICK, batch_size=1)


class Still(Clip):
    """One picture again and again: equal weights, equal results."""

    def read(self) -> Grab | None:
        grab = super().read()
        return None if grab is None else replace(grab, image=picture(0))


@pytest.fixture(params=[Schedule.STRICT, Schedule.TWO_LANES])
def session(request: pytest.FixtureRequest) -> Iterator[LiveSession]:
    session = LiveSession(lambda: small_engine(ONE), request.param)
    session.open(Still(), loop=True)
    yield session
    session.close()


@pytest.fixture
def folder(tmp_path: Path) -> ProfileFolder:
    return ProfileFolder(tmp_path / "profiles")


def learn(session: LiveSession, updates: int = 1) -> PoseResult:
    """Personalize, stop, and give a result with all updates that there were."""
    session.set_personalizing(True)
    wait_for(lambda: session.status().updates >= updates)
    session.set_personalizing(False)
    made: list[int] = []

    def note(learnt: Learnt, _: PersonalizationSettings) -> None:
        made.append(learnt.updates)

    session._post(SaveProfile(note))
    wait_for(lambda: made and session.status().updates == made[0])
    return settled(session)


def settled(session: LiveSession) -> PoseResult:
    """A prediction that began after this was called."""
    count = session.status().predictions + 2
    wait_for(lambda: session.status().predictions >= count)
    return result_of(session)


def result_of(session: LiveSession) -> PoseResult:
    result = session.latest_result()
    assert result is not None
    return result


def reset(session: LiveSession) -> PoseResult:
    session.reset()
    wait_for(lambda: session.status().updates == 0 and session.status().phase is Phase.OFF)
    return result_of(session)


def assert_same(one: PoseResult, other: PoseResult, tolerance: float = 0.0) -> None:
    assert one.updates == other.updates
    for name in ("keypoints", "confidence", "self_keypoints", "affinity"):
        np.testing.assert_allclose(
            getattr(one, name), getattr(other, name), rtol=0, atol=tolerance, err_msg=name
        )


def test_a_reset_by_hand_is_undone(session: LiveSession) -> None:
    assert session.status().undo_steps == 0
    learnt = learn(session)
    trained = reset(session)
    assert not np.array_equal(trained.self_keypoints, learnt.self_keypoints)
    wait_for(lambda: session.status().undo_steps == 1)
    session.undo_reset()
    wait_for(lambda: session.status().updates == learnt.updates)
    assert_same(settled(session), learnt)
    wait_for(lambda: session.status().undo_steps == 0)
    session.undo_reset()  # of nothing
    settled(session)
    wait_for(lambda: session.status().updates == learnt.updates)
    assert_same(settled(session), learnt)
    session.open(Still(), loop=True)  # another source
    wait_for(lambda: session.status().undo_steps == 1 and session.latest_result() is not None)
    assert_same(settled(session), trained)
    session.undo_reset()
    wait_for(lambda: session.status().updates == learnt.updates)
    assert_same(settled(session), learnt)


def test_a_reset_after_so_many_frames_is_undone() -> None:
    settings = replace(ONE, reset_every=2)
    session = LiveSession(lambda: small_engine(settings), Schedule.STRICT)
    try:
        session.open(Clip(), loop=True)
        session.set_personalizing(True)
        wait_for(lambda: session.status().undo_steps >= 1)
    finally:
        session.close()


def test_a_profile_predicts_as_when_it_was_saved(
    session: LiveSession, folder: ProfileFolder
) -> None:
    learnt = learn(session)
    session.save_profile(folder, "Anna", replace=False)
    wait_for(lambda: folder.find("Anna"))
    wait_for(lambda: session.take_messages() == ['The profile "Anna" is saved.'])
    trained = reset(session)
    session.set_comparison(Comparison.ALWAYS)

    info = session.load_profile(folder.get("Anna").path)
    assert info.updates == learnt.updates
    wait_for(lambda: session.status().updates == learnt.updates)
    loaded = settled(session)
    assert_same(loaded, learnt, 1e-4)
    assert session.status().phase is Phase.FROZEN
    assert loaded.unpersonalized is not None
    np.testing.assert_array_equal(loaded.unpersonalized, trained.keypoints)

    session.take_updates()
    session.set_personalizing(True)
    wait_for(lambda: session.status().updates > learnt.updates)
    assert session.take_updates()[0].number == learnt.updates + 1
    session.set_personalizing(False)
    assert_same(reset(session), trained)


def test_a_profile_brings_the_preset_that_it_needs(session: LiveSession, tmp_path: Path) -> None:
    wait_for(lambda: session.latest_result() is not None)
    trained = result_of(session)
    change = torch.full(session.base.shapes["encoder.conv1.weight"], 0.05)
    learnt = Learnt({"encoder.conv1.weight": change}, 12)
    save_profile(tmp_path / "wide", "Anna", learnt, session.base, "paper")
    session.load_profile(tmp_path / "wide")
    wait_for(lambda: session.status().updates == 12)
    assert session.status().preset == "paper"
    assert not np.array_equal(settled(session).self_keypoints, trained.self_keypoints)
    # Settings that leave alone what the profile changed leave nothing of it.
    session.set_preset("gentle")
    wait_for(lambda: session.status().preset == "gentle")
    assert_same(settled(session), trained)
    session.undo_reset()
    wait_for(lambda: session.status().updates == 12)
    assert session.status().preset == "paper"


def test_what_cannot_be_saved_is_told(session: LiveSession, folder: ProfileFolder) -> None:
    session.save_profile(folder, "Anna", replace=False)
    wait_for(lambda: any("Nothing has been learnt" in m for m in session.take_messages()))
    learn(session, 1)
    folder.folder.write_text("a file is in the way")
    session.save_profile(folder, "Anna", replace=False)
    wait_for(lambda: any("cannot be listed" in m for m in session.take_messages()))
    assert session.status().phase is Phase.FROZEN


def test_a_profile_that_does_not_fit_changes_nothing(
    session: LiveSession, folder: ProfileFolder, tmp_path: Path
) -> None:
    learnt = learn(session, 1)
    (tmp_path / "text").write_text("no profile")
    with pytest.raises(UserError, match="damaged"):
        session.load_profile(tmp_path / "text")
    assert_same(settled(session), learnt)
