from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch
from torch import Tensor

from model.adaptation import Pairs, PersonalizationSettings, Personalizer
from model.adaptation.settings import configure
from model.adaptation.tasks import ConsistencyTask, Teacher
from model.core.crop import mirror, mirror_joints
from model.core.heatmaps import decode, gaussian_targets, supervised_loss
from model.ttp.networks import PoseNetwork
from tests.networks import SMALL_BACKBONES, small_network, small_perceptual_loss

ALONE = {"self_weight": 0.0, "consistency": 1.0}


def _images(count: int = 2) -> Tensor:
    generator = torch.Generator().manual_seed(3)
    coarse = torch.randn(count, 3, 8, 8, generator=generator)
    return torch.nn.functional.interpolate(coarse, size=64, mode="bilinear")


def _personalizer(backbone: str = SMALL_BACKBONES[0], **settings: object) -> Personalizer:
    chosen = PersonalizationSettings(**{**ALONE, **settings})  # type: ignore[arg-type]
    return Personalizer(small_network(backbone=backbone), small_perceptual_loss(), chosen)


def _disagreement(network: PoseNetwork, images: Tensor) -> float:
    with torch.no_grad():
        plain = network.pose(images).heatmaps
        mirrored = network.pose(mirror(images)).heatmaps
    back = mirror_joints(mirrored, network.spec.joint_set.flip_order)
    return float((plain - back).square().mean())


def test_pictures_and_mirror_images_come_to_agree() -> None:
    personalizer = _personalizer("resnet18", learning_rate=1e-3)
    images = _images()
    before = _disagreement(personalizer.network, images)
    losses = [personalizer.update(Pairs(images, images)).loss for _ in range(6)]
    assert losses[-1] < losses[0]
    assert _disagreement(personalizer.network, images) < 0.9 * before


def test_the_network_learns_what_the_teacher_says() -> None:
    """A teacher of other weights teaches other points."""
    network, images = small_network(), _images()
    configure(network, "features")
    other = small_network()
    torch.manual_seed(7)
    torch.nn.init.normal_(other.self_head.weight)
    asked = Teacher(lambda images, keys: other.pose(images).heatmaps, other.spec)
    task = ConsistencyTask(network, lambda images, keys: network.encoder(images), asked)
    task.accumulate(Pairs(images, images), 1.0, 1.0)

    order = network.spec.joint_set.flip_order
    with torch.no_grad():
        plain, mirrored = other.pose(images).heatmaps, other.pose(mirror(images)).heatmaps
        points, confidence = decode((plain + mirror_joints(mirrored, order)) / 2)
        maps, weights = gaussian_targets(points, confidence, 16)
        own = [
            network.pose(images).heatmaps,
            mirror_joints(network.pose(mirror(images)).heatmaps, order),
        ]
    expected = sum(float(supervised_loss(answer, maps, weights)) for answer in own) / 2
    assert confidence.max() > 0
    assert task.finish() == pytest.approx(1000 * expected, rel=1e-4)


@pytest.mark.parametrize("scope", ["deconvolutions", "features"])
def test_micro_batches_give_the_whole_batch_s_gradient(scope: str) -> None:
    images = _images(4)
    whole, pieces = _personalizer(scope=scope), _personalizer(scope=scope)
    whole.accumulate(Pairs(images, images), 4)
    for part in images.split(2):
        pieces.accumulate(Pairs(part, part), 4)
    for name, parameter in whole.network.named_parameters():
        if parameter.grad is not None:
            other = dict(pieces.network.named_parameters())[name].grad
            assert other is not None
            assert torch.allclose(parameter.grad, other, atol=1e-7, rtol=1e-3), name
    assert whole.step().loss == pytest.approx(pieces.step().loss, rel=1e-4)


def test_it_needs_neither_sources_nor_reconstructions() -> None:
    personalizer = _personalizer()
    images = _images()
    first = personalizer.update(Pairs(images, images)).loss
    assert personalizer.example is None
    assert _personalizer().update(Pairs(images, torch.zeros_like(images))).loss == first


def test_both_tasks_together_tell_the_self_supervised_loss() -> None:
    images = _images()
    both = _personalizer(self_weight=1e-3).update(Pairs(images, images))
    published = _personalizer(self_weight=1.0, consistency=0.0).update(Pairs(images, images))
    assert both.loss == published.loss and both.applied


def test_low_precision_teaches_the_weights_that_learn() -> None:
    """The averaged weights' bfloat16 copies must not be taken for the learning ones."""
    settings = PersonalizationSettings(
        self_weight=0.0, consistency=1.0, average=0.9, scope="deconvolutions", learning_rate=1e-3
    )
    network = small_network()
    personalizer = Personalizer(network, small_perceptual_loss(), settings, autocast=True)
    images = _images()
    for _ in range(3):
        report = personalizer.update(Pairs(images, images))
    assert report.applied and report.number == 3
    present = {n: p.detach().clone() for n, p in network.named_parameters()}
    personalizer.update(Pairs(images, images))
    assert any(not torch.equal(present[n], p) for n, p in network.named_parameters())


def test_a_fixed_teacher_is_asked_once_for_each_frame_until_a_reset() -> None:
    network, asked = small_network(), []
    configure(network, "deconvolutions")

    def ask(images: Tensor, keys: Sequence[object]) -> Tensor:
        asked.append(True)
        return network.pose(images).heatmaps

    images = _images()
    for fixed, expected in ((True, 1), (False, 3)):
        asked.clear()
        features = lambda images, keys: network.encoder(images)  # noqa: E731
        task = ConsistencyTask(network, features, Teacher(ask, network.spec, fixed=fixed))
        losses = []
        for order in ([0, 1], [1, 0], [0, 0]):
            shown = images[order]
            task.accumulate(Pairs(shown, shown, shown, tuple(order)), 1.0, 1.0)
            losses.append(task.finish())
        assert len(asked) == expected
        assert losses[0] == pytest.approx(losses[1], rel=1e-4)
        task.reset()
        task.accumulate(Pairs(images, images, images, (0, 1)), 1.0, 1.0)
        assert len(asked) == expected + 1


def test_the_trained_network_goes_on_teaching_what_it_said_first() -> None:
    """With a teacher that moves along, the loss of a network that was led astray would be small."""
    images = _images()
    losses = {}
    for teacher in ("trained", "average"):
        personalizer = _personalizer(teacher=teacher, learning_rate=1e-6)
        with torch.no_grad():
            for parameter in personalizer.network.self_head.parameters():
                parameter.zero_()
        losses[teacher] = personalizer.update(Pairs(images, images)).loss
    assert losses["average"] == 0.0 and losses["trained"] > 0.0
