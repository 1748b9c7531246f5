from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.adaptation import PersonView, SourceMemory
from model.core.augmentation import Augmenter
from model.core.crop import CROP_SIZE, SquareBox


def _view(index: int) -> PersonView:
    image = np.full((48, 64, 3), index % 256, np.uint8)
    return PersonView.of_frame(image, SquareBox(32, 24, 20), index)


def test_the_reservoir_is_bounded_and_fair_over_time() -> None:
    capacity, total, runs = 20, 200, 60
    held = np.zeros(total)
    for seed in range(runs):
        memory = SourceMemory(capacity=capacity, recent=4, seed=seed)
        for index in range(total):
            memory.add(_view(index))
        assert len(memory) == capacity
        for view in memory._reservoir:
            held[view.index] += 1
    # Early and late thirds of the session are kept equally often (within four deviations).
    early, late = held[: total // 3].sum(), held[-total // 3 :].sum()
    expected = runs * capacity / 3
    assert abs(early - expected) < 4 * np.sqrt(expected)
    assert abs(late - expected) < 4 * np.sqrt(expected)


def test_recent_views_are_the_last_ones() -> None:
    memory = SourceMemory(capacity=50, recent=5)
    for index in range(30):
        memory.add(_view(index))
    drawn = memory.sample(np.random.default_rng(0), 100, recent=True)
    assert {view.index for view in drawn} == set(range(25, 30))
    everything = memory.sample(np.random.default_rng(0), 400)
    assert {view.index for view in everything} == set(range(30))


def test_sampling_nothing_gives_nothing() -> None:
    assert SourceMemory().sample(np.random.default_rng(0), 3) == []
    assert SourceMemory().newest() is None


def test_newest_waits_for_a_newer_view_only() -> None:
    memory = SourceMemory()
    memory.add(_view(3))
    newest = memory.newest()
    assert newest is not None and newest.index == 3
    assert memory.newest(after=3) is None
    adder = threading.Timer(0.05, lambda: memory.add(_view(4)))
    adder.start()
    newer = memory.newest(after=3, timeout=5)
    adder.join()
    assert newer is not None and newer.index == 4


def test_clear_forgets_everything() -> None:
    memory = SourceMemory()
    memory.add(_view(0))
    memory.clear()
    assert len(memory) == 0 and memory.newest() is None


@settings(max_examples=40)
@given(
    x=st.floats(60, 260), y=st.floats(60, 180), side=st.floats(60, 140), seed=st.integers(0, 10**6)
)
def test_a_compact_view_shows_what_the_frame_shows(
    x: float, y: float, side: float, seed: int
) -> None:
    """Any augmented crop of the compact view equals that of the frame, up to resampling."""
    rows, columns = np.mgrid[0:240, 0:320]
    frame = np.stack([columns * 0.7, rows * 0.9, (columns + rows) * 0.4], axis=-1).astype(np.uint8)
    view = PersonView.of_frame(frame, SquareBox(x, y, side), 0)
    compact = view.compact()
    assert compact.image.nbytes <= 224 * 224 * 3
    drawn = Augmenter(1.0).draw(np.random.default_rng(seed))
    matrix = drawn.matrix(view.box)
    whole = view.crop(matrix, CROP_SIZE).astype(int)
    small = compact.crop(matrix, CROP_SIZE).astype(int)
    # The middle of the crop is inside the stored surroundings whatever the augmentation; edges
    # of the frame, where black begins, may differ by the second resampling.
    middle = slice(24, 104)
    difference = np.abs(whole[middle, middle] - small[middle, middle])
    assert np.median(difference) <= 3
    assert np.mean(difference > 24) < 0.08


def test_whole_frames_are_kept_while_they_fit() -> None:
    image = np.zeros((200, 300, 3), np.uint8)
    view = PersonView.of_frame(image, SquareBox(150, 100, 60), 0)
    room = image.nbytes * (4 + 2 + 8)
    roomy = SourceMemory(capacity=4, recent=2, whole_bytes=room)
    tight = SourceMemory(capacity=4, recent=2, whole_bytes=room - 100)
    roomy.add(view)
    tight.add(view)
    kept, reduced = roomy.newest(), tight.newest()
    assert kept is not None and kept.image is image
    assert reduced is not None and reduced.image.shape[0] == 224


def test_a_view_of_a_frame_is_the_frame_itself() -> None:
    image = np.random.default_rng(0).integers(0, 255, (50, 60, 3), np.uint8)
    view = PersonView.of_frame(image, SquareBox(30, 25, 128), 7)
    crop = view.crop(np.eye(2, 3), 40)
    assert np.array_equal(crop, image[:40, :40])


@pytest.mark.parametrize("threads", [4])
def test_adding_and_sampling_from_several_threads(threads: int) -> None:
    memory = SourceMemory(capacity=16)
    failures: list[BaseException] = []

    def work(offset: int) -> None:
        rng = np.random.default_rng(offset)
        try:
            for index in range(30):
                memory.add(_view(index + offset))
                assert memory.sample(rng, 2)
        except BaseException as error:  # noqa: BLE001 - reported by the main thread
            failures.append(error)

    workers = [threading.Thread(target=work, args=(i * 100,)) for i in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not failures and len(memory) == 16


def test_every_n_th_view_is_held_out_and_nothing_learns_from_it() -> None:
    memory = SourceMemory(hold_every=3)
    added = [memory.add(_view(index)) for index in range(30)]
    assert added == [True, True, False] * 10
    assert [view.index for view in memory.held()] == [8, 11, 14, 17, 20, 23, 26, 29]
    drawn = {view.index for view in memory.sample(np.random.default_rng(0), 500)}
    assert drawn == {index for index in range(30) if index % 3 != 2}
    newest = memory.newest()
    assert newest is not None and newest.index == 28
    memory.clear()
    assert memory.held() == []
