"""KeypointGAN's thread: its answers are the network's own, only the newest question counts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from app.assets import PERSON_MASK, demo
from app.runtime.lifecycle import ThreadState
from app.runtime.live.keypointgan import KeypointGanSlot, KeypointGanWorker
from app.runtime.live.results import RedrawRequest, RedrawResult
from model.keypointgan.data import on_black
from model.keypointgan.evaluation import Factorization
from model.keypointgan.settings import KeypointGanSpec
from model.keypointgan.weights import load
from model.tracking import PersonMasker
from tests.app.keypointgan import SPEC, person, write_weights
from tests.app.runtime.live.machinery import wait_for
from tests.model.tracking.people import frames


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_weights(tmp_path_factory.mktemp("gan") / "small.safetensors")


@pytest.fixture
def factorization(weights: Path) -> Factorization:
    torch.set_num_threads(1)
    return Factorization(load(weights))


@pytest.fixture
def worker(weights: Path) -> Iterator[KeypointGanWorker]:
    worker = KeypointGanWorker(weights, "cpu")
    yield worker
    assert worker.stop()


@pytest.fixture
def stage() -> Iterator[KeypointGanSlot]:
    stage = KeypointGanSlot("cpu")
    yield stage
    stage.close()


def answer(worker: KeypointGanWorker | KeypointGanSlot) -> RedrawResult:
    results: list[RedrawResult] = []

    def take() -> bool:
        result = worker.take_result()
        results.extend([result] if result else [])
        return bool(results)

    wait_for(take)
    return results[0]


def sentence(stage: KeypointGanSlot, until: Callable[[], object]) -> str | None:
    """What the stage says first while it is refreshed until ``until`` is true."""
    said: list[str] = []

    def refresh() -> object:
        said.extend(filter(None, [stage.refresh()]))
        return until() or said

    wait_for(refresh)
    return said[0] if said else None


def opened(stage: KeypointGanSlot, path: Path) -> str | None:
    """Open ``path`` and wait for what becomes of it."""
    stage.open(path)
    assert stage.loading == path
    return sentence(stage, lambda: stage.loading is None)


def test_a_picture_is_read_and_redrawn_as_the_network_does(
    worker: KeypointGanWorker, factorization: Factorization
) -> None:
    request = RedrawRequest(person())
    worker.ask(request)
    worker.start()
    result = answer(worker)
    reading = factorization.read(person())
    assert result.request is request
    np.testing.assert_array_equal(result.points, reading.points)
    np.testing.assert_array_equal(result.skeleton_image, reading.skeleton_image)
    np.testing.assert_array_equal(result.redrawn, factorization.redraw(reading.points, person()))
    assert worker.take_result() is None


def test_points_that_are_given_are_drawn_with_the_look_that_is_given(
    worker: KeypointGanWorker, factorization: Factorization
) -> None:
    worker.start()
    points = factorization.read(person()).points + np.float32(0.3)
    worker.ask(RedrawRequest(person(), person(1), points))
    result = answer(worker)
    np.testing.assert_array_equal(result.points, points)
    np.testing.assert_array_equal(result.skeleton_image, factorization.skeleton(points))
    np.testing.assert_array_equal(result.redrawn, factorization.redraw(points, person(1)))
    assert (result.redrawn != factorization.redraw(points, person())).any()


def test_only_the_newest_of_waiting_questions_is_answered(worker: KeypointGanWorker) -> None:
    for seed in range(5):
        worker.ask(RedrawRequest(person(seed)))
    worker.start()
    np.testing.assert_array_equal(answer(worker).request.picture, person(4))
    worker.stop()
    assert worker.take_result() is None


def test_the_worker_says_what_it_has_loaded_and_ends_in_time(worker: KeypointGanWorker) -> None:
    assert not worker.info
    worker.start()
    assert worker.wait_started(30) is ThreadState.RUNNING
    info = worker.info
    assert info is not None
    assert (info.name, info.size, info.conditional) == ("small", 32, True)
    assert info.joint_names == SPEC.skeleton.joint_set.names
    assert info.limbs[0] == ((0,), (1, 2))
    assert info.sides[:3] == ("middle", "left", "right")
    worker.stop()
    assert worker.state is ThreadState.STOPPED


def test_a_file_that_cannot_be_used_is_a_sentence_and_the_old_network_goes_on(
    stage: KeypointGanSlot, weights: Path, tmp_path: Path
) -> None:
    bad = tmp_path / "notes.safetensors"
    bad.write_text("no weights")
    said = opened(stage, bad)
    assert said is not None
    assert "notes.safetensors" in said
    assert not stage.info
    assert opened(stage, weights) is None
    assert opened(stage, bad) is not None
    assert stage.path == weights
    stage.ask(RedrawRequest(person()))
    assert answer(stage).points.shape == (13, 2)


def test_another_file_takes_the_place_of_the_first(
    stage: KeypointGanSlot, weights: Path, tmp_path: Path
) -> None:
    assert opened(stage, weights) is None
    spec = KeypointGanSpec("cat7", size=32, width=4, discriminator_width=4, scales=1)
    assert opened(stage, write_weights(tmp_path / "cats.safetensors", spec)) is None
    assert stage.info is not None
    assert stage.info.name == "cats"
    stage.ask(RedrawRequest(person()))
    assert answer(stage).points.shape == (7, 2)


def test_an_error_while_redrawing_is_told_and_nothing_is_asked_any_more(
    stage: KeypointGanSlot, weights: Path
) -> None:
    assert opened(stage, weights) is None
    stage.ask(RedrawRequest(np.zeros((4, 4), np.uint8)))
    said = sentence(stage, lambda: False)
    assert said is not None
    assert "KeypointGAN stopped with small.safetensors" in said
    assert stage.info is None
    stage.ask(RedrawRequest(person()))
    assert stage.take_result() is None


def test_closing_ends_what_is_loading_too(weights: Path) -> None:
    stage = KeypointGanSlot("cpu")
    for _ in range(3):
        stage.open(weights)
    stage.close()
    assert (stage.loading, stage.info) == (None, None)
    stage.close()


def test_a_network_of_masked_pictures_is_shown_people_on_black(tmp_path: Path) -> None:
    path = write_weights(tmp_path / "masked.safetensors", replace(SPEC, mask="person"))
    frame = frames(str(demo("webcam").video), 1)[0]
    shown = np.ascontiguousarray(frame[80:464, 128:512][::3, ::3])
    masked = on_black(shown, PersonMasker(PERSON_MASK)(shown))
    assert (masked == 0).mean() > 0.2 > 0.5 * (shown == 0).mean()
    torch.set_num_threads(1)
    factorization = Factorization(load(path))
    worker = KeypointGanWorker(path, "cpu")
    worker.ask(RedrawRequest(shown))
    worker.start()
    try:
        np.testing.assert_array_equal(answer(worker).points, factorization.read(masked).points)
    finally:
        assert worker.stop()
