from __future__ import annotations

import pytest
import torch

from model.adaptation import Pairs, PersonalizationSettings, Personalizer
from model.adaptation.settings import Rotations
from model.core.perceptual import INITIAL_MEANS
from tests.networks import small_network, small_perceptual_loss


def _pairs(count: int) -> Pairs:
    images = torch.randn(2 * count, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    return Pairs(images[:count], images[count:])


@pytest.mark.parametrize(("rotations", "seen"), [("four", 32), ("one", 8)])
def test_targets_are_turned_four_ways_or_one(
    rotations: Rotations, seen: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = small_network("rotation")
    settings = PersonalizationSettings(rotations=rotations)
    personalizer = Personalizer(network, small_perceptual_loss(), settings)
    images: list[torch.Tensor] = []
    logits = network.rotation_logits

    def noting(image: torch.Tensor) -> torch.Tensor:
        images.append(image.detach())
        return logits(image)

    monkeypatch.setattr(network, "rotation_logits", noting)
    pairs = _pairs(8)
    personalizer.update(pairs, micro_batch=3)

    turned = torch.cat(images)
    assert len(turned) == seen
    if rotations == "one":  # target by target, whatever it is computed in
        for number, image in enumerate(turned):
            assert torch.equal(image, pairs.target[number].rot90(number % 4, (-2, -1)))


@pytest.mark.parametrize("carried", [False, True])
def test_running_means_go_on_across_people_if_asked_to(carried: bool) -> None:
    perceptual = small_perceptual_loss()
    settings = PersonalizationSettings(running_means="carried" if carried else "restarted")
    personalizer = Personalizer(small_network(), perceptual, settings)
    personalizer.update(_pairs(2))
    moved = perceptual.means.clone()
    assert not torch.allclose(moved, torch.tensor(INITIAL_MEANS))

    personalizer.reset()

    wanted = moved if carried else torch.tensor(INITIAL_MEANS)
    assert torch.equal(perceptual.means, wanted)
