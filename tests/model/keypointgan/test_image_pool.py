"""The history of generated images."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from model.keypointgan.training import ImagePool

CPU = torch.device("cpu")


def numbered(*numbers: int) -> Tensor:
    """Images (N, 1, 2, 2) that are told apart by their value."""
    return torch.tensor(numbers, dtype=torch.float32).view(-1, 1, 1, 1).expand(-1, 1, 2, 2)


def numbers_of(images: Tensor) -> list[int]:
    assert images.shape[1:] == (1, 2, 2)
    return [int(image[0, 0, 0]) for image in images]


def test_it_gives_back_what_it_is_given_until_it_is_full() -> None:
    pool = ImagePool(6)
    for start in (0, 3):
        given = numbered(*range(start, start + 3))
        assert torch.equal(pool.query(given), given)
    later = [numbers_of(pool.query(numbered(n)))[0] for n in range(6, 30)]
    assert later != list(range(6, 30))


def test_it_fills_up_in_the_midst_of_a_batch() -> None:
    pool = ImagePool(2)
    given = numbers_of(pool.query(numbered(*range(40))))
    assert given[:2] == [0, 1]
    assert given[2:] != list(range(2, 40))


def test_then_about_half_of_the_images_are_old_ones() -> None:
    pool = ImagePool(10)
    pool.query(numbered(*range(10)))
    old = 0
    given: list[int] = []
    for n in range(10, 1010):
        found = numbers_of(pool.query(numbered(n)))[0]
        assert found <= n
        old += found < n
        given.append(found)
    assert 430 < old < 570
    assert len(set(given)) == len(given)  # an image that was given back is not kept


def test_all_places_of_the_history_are_drawn() -> None:
    pool = ImagePool(5)
    pool.query(numbered(*range(5)))
    given = {numbers_of(pool.query(numbered(n)))[0] for n in range(5, 80)}
    assert given >= set(range(5))


def test_of_no_size_it_keeps_nothing() -> None:
    pool = ImagePool(0)
    for n in range(20):
        assert numbers_of(pool.query(numbered(n, n + 1))) == [n, n + 1]


@pytest.mark.parametrize("size", [0, 1, 8])
def test_no_gradient_goes_through(size: int) -> None:
    pool = ImagePool(size)
    for _ in range(4):
        assert not pool.query(torch.ones(2, 1, 2, 2, requires_grad=True)).requires_grad


def test_it_keeps_images_as_they_were() -> None:
    pool = ImagePool(1)
    given = numbered(7).clone()
    pool.query(given)
    given.fill_(99)
    assert 7 in {numbers_of(pool.query(numbered(n)))[0] for n in range(100, 140)}


@pytest.mark.parametrize("asked", [0, 3, 20])
def test_a_pool_with_anothers_state_goes_on_as_it_does(asked: int) -> None:
    pool = ImagePool(4, seed=1)
    for n in range(asked):
        pool.query(numbered(n))
    other = ImagePool(4, seed=2)
    other.query(numbered(*range(500, 510)))
    other.load_state(pool.state(), CPU)
    for n in range(100, 140):
        assert torch.equal(pool.query(numbered(n)), other.query(numbered(n)))


def test_a_state_does_not_change_when_the_pool_goes_on() -> None:
    pool = ImagePool(2, seed=1)
    pool.query(numbered(0, 1))
    state = pool.state()
    first = [numbers_of(pool.query(numbered(n)))[0] for n in range(2, 30)]
    pool.load_state(state, CPU)
    assert [numbers_of(pool.query(numbered(n)))[0] for n in range(2, 30)] == first


def test_the_seed_decides_what_is_drawn() -> None:
    def drawn(seed: int) -> list[int]:
        return numbers_of(ImagePool(3, seed).query(numbered(*range(40))))

    assert drawn(1) == drawn(1) != drawn(2)
