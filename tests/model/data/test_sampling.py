"""What is drawn for training, and in which order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.core.errors import UserError
from model.core.skeleton import BBC7
from model.data.sampling import Mixture
from tests.model.data.clips import make_data_set

seeds = st.integers(0, 2**32 - 1)


def drawn(mixture: Mixture, positions: Sequence[int]) -> list[tuple[str, int]]:
    """Name of the clip and frame at each position."""
    return [(clip.name, frame) for clip, frame in map(mixture.place, positions)]


def epochs(mixture: Mixture, count: int) -> list[list[tuple[str, int]]]:
    size = mixture.epoch_size
    return [drawn(mixture, range(k * size, (k + 1) * size)) for k in range(count)]


def of(data_set: str, places: Sequence[tuple[str, int]]) -> list[tuple[str, int]]:
    return [place for place in places if place[0].startswith(f"{data_set}-")]


def test_an_epoch_has_every_frame_once() -> None:
    sets = [make_data_set("a", [3, 1, 0, 4]), make_data_set("b", [2])]
    mixture = Mixture(sets)
    assert len(mixture) == mixture.epoch_size == 10
    everything = {(clip.name, n) for d in sets for clip in d for n in range(len(clip))}
    first, second = epochs(mixture, 2)
    assert set(first) == set(second) == everything
    assert first != second
    assert first != sorted(first)


@given(
    lengths=st.lists(st.integers(1, 30), min_size=1, max_size=4),
    weights=st.lists(st.integers(1, 9), min_size=4, max_size=4),
    epoch_size=st.integers(20, 80),
    seed=seeds,
)
def test_shares_and_turns(
    lengths: list[int], weights: list[int], epoch_size: int, seed: int
) -> None:
    """Each epoch has its shares, and after each epoch no frame is two turns behind another."""
    sets = [make_data_set(f"{k}", [n]) for k, n in enumerate(lengths)]
    given_weights = weights[: len(sets)]
    shares = np.array(given_weights) / sum(given_weights)
    try:
        mixture = Mixture(sets, given_weights, epoch_size=epoch_size, seed=seed)
    except UserError:
        assert shares.min() * epoch_size < 1
        return
    counts = [Counter({(f"{k}-0", n): 0 for n in range(size)}) for k, size in enumerate(lengths)]
    for places in epochs(mixture, 4):
        assert len(places) == epoch_size
        for k, count in enumerate(counts):
            own = of(f"{k}", places)
            assert abs(len(own) - shares[k] * epoch_size) <= 1
            count.update(own)
            assert max(count.values()) - min(count.values()) <= 1
    assert all(
        set(count) == {(f"{k}-0", n) for n in range(lengths[k])} for k, count in enumerate(counts)
    )


def test_without_weights_each_has_its_number_of_frames_also_in_a_short_epoch() -> None:
    sets = [make_data_set("big", [30]), make_data_set("small", [10])]
    for places in epochs(Mixture(sets, epoch_size=20), 6):
        assert len(of("big", places)) == 15 and len(of("small", places)) == 5


def test_weights_are_shares_of_an_epoch_whatever_their_sum() -> None:
    sets = [make_data_set("big", [300]), make_data_set("small", [10])]
    for weights in ([0.25, 0.75], [2, 6]):
        (places,) = epochs(Mixture(sets, weights, epoch_size=100), 1)
        assert len(of("big", places)) == 25
        # 75 of 10 frames: each of them seven or eight times.
        assert set(Counter(of("small", places)).values()) == {7, 8}


def test_the_data_sets_are_mixed_throughout_an_epoch() -> None:
    sets = [make_data_set("a", [500]), make_data_set("b", [500])]
    (places,) = epochs(Mixture(sets), 1)
    for start in range(0, 1000, 100):
        assert 30 < len(of("a", places[start : start + 100])) < 70


@given(seed=seeds, positions=st.lists(st.integers(0, 100), min_size=1, max_size=20))
def test_a_position_gives_the_same_in_every_order_and_after_a_restart(
    seed: int, positions: list[int]
) -> None:
    def mixture() -> Mixture:
        sets = [make_data_set("a", [3, 4]), make_data_set("b", [5])]
        return Mixture(sets, [1, 2], epoch_size=11, seed=seed)

    whole = drawn(mixture(), range(101))
    assert drawn(mixture(), positions) == [whole[p] for p in positions]
    start = positions[0]
    assert drawn(mixture(), range(start, 101)) == whole[start:]


def test_seeds_give_different_orders() -> None:
    data_set = make_data_set("a", [50])
    orders = [drawn(Mixture([data_set], seed=seed), range(50)) for seed in (0, 1, 2)]
    assert orders[0] != orders[1] != orders[2] != orders[0]


def test_different_joint_sets_are_refused() -> None:
    sets = [make_data_set("gym", [3]), make_data_set("signs", [3], BBC7)]
    with pytest.raises(UserError, match=r"one joint set.*gym: penn13, signs: bbc7"):
        Mixture(sets)


@pytest.mark.parametrize(
    "weights", [[1], [1, 2, 3], [1, 0], [1, -1], [1, float("nan")], [1, float("inf")]]
)
def test_weights_that_make_no_sense_are_refused(weights: list[float]) -> None:
    sets = [make_data_set("a", [3]), make_data_set("b", [3])]
    with pytest.raises(UserError, match="one positive weight for each"):
        Mixture(sets, weights)


def test_a_data_set_that_would_never_be_drawn_is_refused() -> None:
    sets = [make_data_set("much", [300]), make_data_set("little", [3])]
    with pytest.raises(UserError, match="little"):
        Mixture(sets, [1, 0.0001])
