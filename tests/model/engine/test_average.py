from __future__ import annotations

import pytest
import torch
from torch import nn

from model.core.weights import swapped
from model.engine.optimisation import WeightAverage


def _layer(value: float = 0.0) -> nn.Linear:
    layer = nn.Linear(1, 1, bias=False)
    nn.init.constant_(layer.weight, value)
    return layer


def test_the_average_follows_and_is_put_in_place_for_a_while() -> None:
    layer = _layer()
    average = WeightAverage(dict(layer.named_parameters()), decay=0.5)
    own = layer.weight
    for value in (1.0, 2.0):
        nn.init.constant_(layer.weight, value)
        average.add()
    kept = [2 / 11, 3 / 12]
    expected = (1 - kept[0]) * kept[1] + 2 * (1 - kept[1])
    with average.in_place():
        assert layer.weight is own and own.item() == pytest.approx(expected)
    assert own.item() == 2.0
    assert float(average.tensors()["weight"]) == pytest.approx(expected)


def test_in_the_long_run_it_keeps_its_decay() -> None:
    layer = _layer()
    average = WeightAverage(dict(layer.named_parameters()), decay=0.5)
    for _ in range(20):
        average.add()
    nn.init.constant_(layer.weight, 1.0)
    average.add()
    assert float(average.tensors()["weight"]) == pytest.approx(0.5)


def test_without_decay_it_is_the_weights_themselves() -> None:
    layer = _layer(3.0)
    average = WeightAverage(dict(layer.named_parameters()), decay=0.0)
    nn.init.constant_(layer.weight, 4.0)
    average.add()
    with average.in_place():
        assert layer.weight.item() == 4.0
    assert float(average.tensors()["weight"]) == 4.0
    assert average.copy() == {}


def test_a_copy_can_be_gone_back_to_and_a_restart_forgets() -> None:
    layer = _layer(1.0)
    average = WeightAverage(dict(layer.named_parameters()), decay=0.9)
    kept = average.copy()
    nn.init.constant_(layer.weight, 5.0)
    average.add()
    average.load(kept)
    assert float(average.tensors()["weight"]) == 1.0
    average.restart()
    assert float(average.tensors()["weight"]) == 5.0


def test_tensors_are_swapped_back_after_an_error() -> None:
    layer = _layer(1.0)
    other = {"weight": torch.full((1, 1), 2.0)}

    def fail_inside() -> None:
        with swapped(dict(layer.named_parameters()), other):
            assert layer.weight.item() == 2.0
            raise KeyError

    with pytest.raises(KeyError):
        fail_inside()
    assert layer.weight.item() == 1.0 and float(other["weight"]) == 2.0
