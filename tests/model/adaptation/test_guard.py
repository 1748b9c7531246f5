from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from torch import Tensor

from model.adaptation import (
    Learnt,
    Pairs,
    PersonalizationSettings,
    Personalizer,
    PersonView,
    SourceMemory,
)
from model.adaptation.guard import Guard
from model.core.crop import SquareBox
from model.ttp.networks import PoseNetwork, PoseOutput
from model.ttp.trunk import Key
from tests.networks import small_network, small_perceptual_loss

CALM = PersonalizationSettings(
    learning_rate=1e-7, self_weight=0.0, consistency=1.0, scope="deconvolutions"
)


def _view(index: int) -> PersonView:
    rng = np.random.default_rng(index)
    image = rng.integers(0, 256, (64, 64, 3), dtype=np.uint8)
    return PersonView.of_frame(image, SquareBox(32, 32, 64), index)


def _personalizer(
    settings: PersonalizationSettings = CALM, network: PoseNetwork | None = None
) -> Personalizer:
    return Personalizer(network or small_network(), small_perceptual_loss(), settings)


def _learn(personalizer: Personalizer, updates: int) -> None:
    images = torch.randn(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    for _ in range(updates):
        personalizer.update(Pairs(images, images))


def _spoil(personalizer: Personalizer) -> None:
    """Make the left arm point elsewhere than the right one does in the mirror."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in personalizer.network.self_head.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=generator))


def test_there_is_no_verdict_without_frames_or_before_enough_updates() -> None:
    personalizer = _personalizer()
    memory = SourceMemory(hold_every=8)
    guard = Guard(personalizer, memory)
    _learn(personalizer, 8)
    assert guard.check() is None
    for i in range(8):
        memory.add(_view(i))
    assert guard.check() is not None
    _learn(personalizer, 7)
    assert guard.check() is None


@pytest.mark.fault("Learning makes the pose worse on held-out frames", "The guard undoes it.")
def test_harmless_updates_are_accepted_and_harmful_ones_undone() -> None:
    network = small_network()
    # All maps are flat, so that each answer is the same in the mirror.
    torch.nn.init.zeros_(network.self_head.weight)
    torch.nn.init.ones_(network.self_head.bias)  # type: ignore[arg-type]
    personalizer = _personalizer(network=network)
    memory = SourceMemory(hold_every=1)
    guard = Guard(personalizer, memory)
    for i in range(8):
        memory.add(_view(i))
    good = personalizer.snapshot()
    personalizer.updates = 8
    accepted = guard.check()
    assert accepted is not None and accepted.verdict == "accepted"
    assert accepted.personalized == accepted.trained

    personalizer.updates = 16
    _spoil(personalizer)
    undone = guard.check()

    assert undone is not None and undone.verdict == "undone" and undone.updates == 16
    assert undone.personalized > undone.trained + 1
    assert personalizer.updates == 8
    for name, tensor in personalizer.snapshot().parameters.items():
        assert torch.equal(tensor, good.parameters[name])


@pytest.mark.fault(
    "Another person sits down, or a profile of another is loaded",
    "Where what was learnt is worse for them than the trained weights, the guard goes back to "
    "these.",
)
@pytest.mark.parametrize("harmful", [True, False])
def test_what_was_learnt_elsewhere_is_good_until_it_is_seen_to_be_worse(harmful: bool) -> None:
    network = small_network()
    torch.nn.init.zeros_(network.self_head.weight)
    torch.nn.init.ones_(network.self_head.bias)  # type: ignore[arg-type]
    personalizer = _personalizer(network=network)
    trained = personalizer.snapshot()
    memory = SourceMemory(hold_every=1)
    for i in range(8):
        memory.add(_view(i))
    guard = Guard(personalizer, memory)
    if harmful:
        _spoil(personalizer)
        personalizer.updates = 40
        learnt = personalizer.learnt()
    else:
        change = torch.full_like(trained.parameters["self_head.bias"], 0.5)
        learnt = Learnt({"self_head.bias": change}, 40)
    personalizer.adopt(learnt)
    guard.adopt()
    adopted = personalizer.snapshot()
    personalizer.updates = 47
    assert guard.check() is None
    personalizer.updates = 48
    _spoil(personalizer)
    undone = guard.check()
    assert undone is not None and undone.verdict == "undone"
    expected = trained if harmful else adopted
    assert personalizer.updates == expected.updates == (0 if harmful else 40)
    for name, tensor in personalizer.snapshot().parameters.items():
        assert torch.equal(tensor, expected.parameters[name])


def test_after_an_undo_it_goes_on_at_half_the_pace_and_a_reset_forgets_that() -> None:
    def moved(personalizer: Personalizer) -> float:
        before = personalizer.snapshot().parameters
        _learn(personalizer, 1)
        after = personalizer.snapshot().parameters
        return max(float((after[n] - before[n]).abs().max()) for n in before)

    personalizer = _personalizer(
        PersonalizationSettings(
            learning_rate=1e-3, self_weight=0.0, consistency=1.0, scope="deconvolutions"
        )
    )
    full = moved(personalizer)
    personalizer.reset()
    personalizer.restore(personalizer.snapshot(), 0.5)
    assert moved(personalizer) == pytest.approx(full / 2, rel=0.05)
    personalizer.reset()
    assert moved(personalizer) == pytest.approx(full, rel=0.05)


def test_the_trained_network_s_answer_stays_at_hand() -> None:
    personalizer = _personalizer()
    images = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(2))
    first = personalizer.predict(images).heatmaps
    _spoil(personalizer)
    assert not torch.allclose(personalizer.predict(images).heatmaps, first)
    assert torch.equal(personalizer.predict_as_trained(images).heatmaps, first)


def test_the_trained_network_is_asked_once_of_each_held_out_frame(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    personalizer = _personalizer()
    memory = SourceMemory(hold_every=1)
    guard = Guard(personalizer, memory)
    asked: list[int] = []
    ask = personalizer.predict_as_trained

    def predict(target: Tensor, keys: Sequence[Key] = ()) -> PoseOutput:
        asked.append(len(target))
        return ask(target, keys)

    monkeypatch.setattr(personalizer, "predict_as_trained", predict)
    checks = []
    for new in (range(8), range(0), range(8, 10)):
        for index in new:
            memory.add(_view(index))
        personalizer.updates += 8
        checks.append(guard.check())
    assert asked == [16, 4]  # with mirror images
    first, second, third = (check.trained for check in checks if check is not None)
    assert first == second != third
