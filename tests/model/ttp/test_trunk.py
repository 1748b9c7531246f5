from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from model.adaptation import Pairs, PersonalizationSettings, Personalizer, preset
from model.adaptation.settings import Scope
from model.core.crop import SquareBox
from model.ttp.networks import VARIANTS, NetworkSpec, PoseNetwork, Variant
from model.ttp.networks.encoder import Taps
from model.ttp.onnx_pose import OnnxHeads, OnnxTrunk
from model.ttp.prediction import PosePredictor
from model.ttp.trunk import FrozenTrunk, exact_engine, fastest_engine, keys_both_ways, keys_of
from tests.networks import small_network, small_perceptual_loss

_IMAGE = np.random.default_rng(0).integers(0, 255, (240, 320, 3), np.uint8)
_BOX = SquareBox(160, 120, 200)


@pytest.fixture(scope="module")
def lightning() -> PoseNetwork:
    torch.manual_seed(4)
    return PoseNetwork(NetworkSpec(variant="transformer", backbone="movenet-lightning")).eval()


class _Counting:
    """An engine of one tap, twice the image, that counts the images it was given."""

    def __init__(self) -> None:
        self.images = 0

    def __call__(self, images: Tensor) -> Taps:
        self.images += len(images)
        return (2 * images,)


def _pictures(count: int) -> Tensor:
    return torch.arange(float(count)).view(-1, 1, 1, 1).expand(-1, 3, 8, 8).clone()


def test_onnx_runtime_computes_what_pytorch_does(lightning: PoseNetwork) -> None:
    images = torch.randn(2, 3, 192, 192)
    with torch.inference_mode():
        wanted = lightning.encoder.kept(images)
    found = OnnxTrunk(lightning.encoder)(images)
    assert len(found) == len(wanted) == 5
    for ours, theirs in zip(found, wanted, strict=True):
        assert ours.shape == theirs.shape
        torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("variant", VARIANTS)
def test_onnx_runtime_computes_neck_and_heads_as_pytorch_does(variant: Variant) -> None:
    torch.manual_seed(1)
    network = PoseNetwork(NetworkSpec(variant=variant, backbone="movenet-lightning")).eval()
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.05)
    with torch.inference_mode():
        taps = tuple(map(torch.randn_like, network.encoder.kept(torch.zeros(2, 3, 192, 192))))
        wanted = network.pose_of(network.encoder.neck(taps))
    found = network.output_of(*OnnxHeads(network)(taps))
    for name, value in vars(wanted).items():
        ours = getattr(found, name)
        if value is None:
            assert ours is None
        else:
            assert value.flatten(1).std(dim=1).min() > 1e-3  # not all alike
            torch.testing.assert_close(ours, value, rtol=1e-3, atol=1e-4)


def test_a_known_picture_is_not_computed_again() -> None:
    engine = _Counting()
    trunk = FrozenTrunk(None, engine)
    pictures = _pictures(4)
    trunk(pictures[:2], ["a", "b"])
    (tap,) = trunk(pictures[[1, 2, 0]], ["b", "c", "a"])
    assert engine.images == 3
    torch.testing.assert_close(tap, 2 * pictures[[1, 2, 0]])
    assert tap.dtype == torch.float32
    trunk(pictures[:1])
    assert engine.images == 4 and trunk.remembered == 3
    trunk.forget()
    assert trunk.remembered == 0
    trunk(pictures[:1], ["a"])
    assert engine.images == 5


def test_the_pictures_used_last_are_remembered_within_the_bound() -> None:
    engine = _Counting()
    size = 2 * 3 * 8 * 8  # bytes of a tap as float16
    trunk = FrozenTrunk(None, engine, limit=3 * size)
    pictures = _pictures(5)
    trunk(pictures[:3], [0, 1, 2])
    trunk(pictures[:1], [0])  # makes 1 the one used longest ago
    trunk(pictures[3:4], [3])
    assert trunk.remembered == 3
    before = engine.images
    trunk(pictures[[0, 2, 3]], [0, 2, 3])
    assert engine.images == before
    trunk(pictures[1:2], [1])
    assert engine.images == before + 1


def test_what_is_remembered_lies_in_one_block_that_stays() -> None:
    size = 2 * 3 * 8 * 8
    trunk = FrozenTrunk(None, _Counting(), limit=2 * size)
    pictures = _pictures(6)
    (first,) = trunk(pictures[:2], [0, 1])
    (again,) = trunk(pictures[:2], [0, 1])
    (block,) = trunk._known._block
    assert block.shape == (2, 3, 8, 8) and block.dtype == torch.float16
    trunk(pictures[2:4], [2, 3])  # in their places
    trunk.forget()
    trunk(pictures[4:], [4, 5])
    assert trunk._known._block[0] is block
    for answer in (first, again):  # what was answered is the caller's own
        torch.testing.assert_close(answer, 2 * pictures[:2])


def test_pictures_of_another_size_begin_anew() -> None:
    trunk = FrozenTrunk(None, _Counting(), limit=2 * 2 * 3 * 8 * 8)
    trunk(_pictures(2), [0, 1])
    larger = torch.ones(1, 3, 16, 16)
    for _ in range(2):
        (tap,) = trunk(larger, ["larger"])  # larger than the room: it holds one all the same
        torch.testing.assert_close(tap, 2 * larger)
    assert trunk.remembered == 1


def test_no_gradient_flows_into_a_frozen_trunk() -> None:
    images = _pictures(2).requires_grad_()
    (tap,) = FrozenTrunk(None, _Counting())(images, [0, 1])
    assert not tap.requires_grad


def test_features_remembered_in_inference_mode_can_be_learnt_from(lightning: PoseNetwork) -> None:
    trunk = FrozenTrunk(lightning.encoder)
    images = torch.randn(1, 3, 192, 192)
    with torch.inference_mode():
        trunk(images, ["a"])
    features = lightning.encoder.neck(trunk(images, ["a"]))
    features.square().mean().backward()
    gradient = lightning.encoder.neck.head[1].weight.grad
    assert gradient is not None and bool(gradient.abs().sum() > 0)
    lightning.zero_grad()


def test_only_a_movenet_on_the_cpu_goes_to_onnx_runtime(lightning: PoseNetwork) -> None:
    assert isinstance(exact_engine(lightning, 1), OnnxTrunk)
    assert exact_engine(small_network(), 1) is None
    choice = fastest_engine(lightning, 1, low_precision=False)
    assert set(choice.milliseconds) == {"ONNX Runtime", "PyTorch"}
    faster = min(choice.milliseconds, key=choice.milliseconds.__getitem__)
    assert isinstance(choice.engine, OnnxTrunk) == (faster == "ONNX Runtime")


@pytest.mark.parametrize("low_precision", [False, True])
def test_the_fastest_engine_keeps_the_weights_while_the_network_learns(low_precision: bool) -> None:
    network, images = small_network(), torch.randn(1, 3, 128, 128)
    engine = fastest_engine(network, 1, low_precision=low_precision).engine
    with torch.no_grad():
        (before,) = engine(images)
        network.encoder.conv1.weight.mul_(2)
        (after,) = engine(images)
    assert torch.equal(before, after)
    assert after.dtype == (torch.bfloat16 if low_precision else torch.float32)


def test_a_fresh_picture_replaces_what_was_remembered_and_is_not_replaced() -> None:
    engine = _Counting()
    trunk = FrozenTrunk(None, engine)
    soft, sharp = _pictures(2)[:1], _pictures(2)[1:]
    trunk(soft, ["a"])
    (tap,) = trunk(sharp, ["a"], fresh=True)
    torch.testing.assert_close(tap, 2 * sharp)
    (tap,) = trunk(soft, ["a"])
    torch.testing.assert_close(tap, 2 * sharp)
    assert engine.images == 2 and trunk.remembered == 1


def test_views_and_their_mirror_images_have_names_of_their_own() -> None:
    assert len(set(keys_both_ways([3, 4]))) == 4
    assert keys_both_ways([3, 4])[:2] == keys_of([3, 4])


def test_a_predictor_uses_the_trunk_until_another_one_is_loaded(lightning: PoseNetwork) -> None:
    exact, used = OnnxTrunk(lightning.encoder), []

    def engine(images: Tensor) -> Taps:
        used.append(len(images))
        return exact(images)

    trunk = FrozenTrunk(lightning.encoder, engine)
    predictor, trained = (PosePredictor(lightning, trunk=trunk) for _ in range(2))
    found = predictor.predict(_IMAGE, _BOX, 7).self_keypoints
    wanted = PosePredictor(lightning).predict(_IMAGE, _BOX).self_keypoints
    np.testing.assert_allclose(found, wanted, atol=0.05)
    assert used == [1] and trunk.remembered == 1

    name = "encoder.mobilenet.stem.bias"
    predictor.load({"self_head.bias": lightning.state_dict()["self_head.bias"]})
    predictor.predict(_IMAGE, _BOX)
    assert used == [1, 1]
    predictor.load({name: lightning.state_dict()[name]})
    predictor.predict(_IMAGE, _BOX)
    assert used == [1, 1]
    predictor.copy_from(trained)
    predictor.predict(_IMAGE, _BOX)
    assert used == [1, 1, 1]


def test_a_predictor_leaves_the_heads_to_their_engine_until_weights_are_loaded(
    lightning: PoseNetwork,
) -> None:
    exact, used = OnnxHeads(lightning), []

    def heads(taps: Taps) -> object:
        used.append(len(taps[0]))
        return exact(taps)

    trunk = FrozenTrunk(lightning.encoder)
    as_trained = PosePredictor(lightning, trunk=trunk, heads=heads)  # type: ignore[arg-type]
    wanted = PosePredictor(lightning, trunk=trunk).predict(_IMAGE, _BOX)
    found = as_trained.predict(_IMAGE, _BOX)
    np.testing.assert_allclose(found.self_keypoints, wanted.self_keypoints, atol=0.05)
    np.testing.assert_allclose(found.affinity, wanted.affinity, atol=1e-4)
    assert used == [1]

    learning = PosePredictor(lightning, trunk=trunk, heads=heads)  # type: ignore[arg-type]
    learning.load({"self_head.bias": torch.linspace(-1, 1, 30)})
    changed = learning.predict(_IMAGE, _BOX)
    assert used == [1] and not np.allclose(changed.confidence, wanted.confidence)
    learning.copy_from(as_trained)
    back = learning.predict(_IMAGE, _BOX)
    assert used == [1, 1]
    np.testing.assert_allclose(back.confidence, wanted.confidence, atol=1e-4)


def test_frames_that_pass_do_not_drive_out_what_is_learnt_from() -> None:
    engine = _Counting()
    picture = _pictures(1)
    size = picture[0].numel() * 2  # bytes of its one tap as float16
    trunk = FrozenTrunk(None, engine, limit=3 * size, fresh_limit=2 * size)
    trunk(picture, ["remembered"])
    for frame in range(10):
        trunk(picture, [frame], fresh=True)
    assert engine.images == 11 and trunk.remembered == 3
    trunk(picture.expand(3, -1, -1, -1), ["remembered", 8, 9])
    assert engine.images == 11
    trunk(picture, [7])  # which is over
    assert engine.images == 12 and trunk.remembered == 4
    trunk.forget()
    assert trunk.remembered == 0


def test_what_was_learnt_is_handed_over_to_onnx_runtime_as_well(lightning: PoseNetwork) -> None:
    settings = PersonalizationSettings(scope="deconvolutions")
    network = copy.deepcopy(lightning)
    personalizer = Personalizer(network, small_perceptual_loss(), settings)
    with torch.no_grad():
        for parameter in network.self_head.parameters():
            parameter.add_(torch.randn(parameter.shape))
    heads, weights = personalizer.heads(1), personalizer.weights()
    assert heads is not None
    in_torch, in_onnx = (
        PosePredictor(lightning, trunk=FrozenTrunk(lightning.encoder)) for _ in range(2)
    )
    untrained = in_torch.predict(_IMAGE, _BOX)
    in_torch.load(weights)
    in_onnx.load(weights, heads)
    assert in_onnx.in_onnx_runtime and not in_torch.in_onnx_runtime
    wanted, found = in_torch.predict(_IMAGE, _BOX), in_onnx.predict(_IMAGE, _BOX)
    np.testing.assert_allclose(found.confidence, wanted.confidence, atol=1e-4)
    assert not np.allclose(found.confidence, untrained.confidence, atol=1e-3)


@pytest.mark.parametrize("scope", ["last", "deconvolutions"])
def test_what_was_learnt_and_the_trained_network_answer_together(
    lightning: PoseNetwork, scope: Scope
) -> None:
    settings = PersonalizationSettings(scope=scope, trained_share=0.25)
    network = copy.deepcopy(lightning)
    personalizer = Personalizer(network, small_perceptual_loss(), settings)
    images = torch.randn(1, 3, 192, 192)
    parameters = dict(network.named_parameters())
    with torch.no_grad():
        for name in personalizer.parameter_names:
            parameters[name].add_(0.3 * torch.randn_like(parameters[name]))
    personalizer.updates = 1
    alone, trained = personalizer.predict(images), personalizer.predict_as_trained(images)
    wanted = 0.75 * alone.heatmaps + 0.25 * trained.heatmaps
    torch.testing.assert_close(personalizer.answer(images).heatmaps, wanted)
    assert not torch.allclose(alone.heatmaps, wanted, atol=1e-3)

    weights, heads = personalizer.weights(), personalizer.heads(1)
    assert heads is not None
    taps = lightning.encoder.kept(images)
    found = network.output_of(*heads(taps))
    torch.testing.assert_close(found.heatmaps, wanted, rtol=1e-3, atol=1e-4)
    assert found.affinity is not None and alone.affinity is not None
    torch.testing.assert_close(found.affinity, alone.affinity, rtol=1e-3, atol=1e-4)

    pristine, in_torch, in_onnx = (
        PosePredictor(lightning, trunk=FrozenTrunk(lightning.encoder)) for _ in range(3)
    )
    in_torch.load(weights)
    in_onnx.load(weights, heads)
    beside = (pristine, 0.25)
    joined = in_torch.predict(_IMAGE, _BOX, beside=beside)
    once = in_onnx.predict(_IMAGE, _BOX, beside=beside)  # it has been joined in the heads
    np.testing.assert_allclose(once.confidence, joined.confidence, atol=1e-4)
    assert not np.allclose(joined.confidence, in_torch.predict(_IMAGE, _BOX).confidence, atol=1e-3)


def test_a_network_that_learns_whole_is_not_handed_to_onnx_runtime(lightning: PoseNetwork) -> None:
    settings = PersonalizationSettings(scope="all")
    personalizer = Personalizer(copy.deepcopy(lightning), small_perceptual_loss(), settings)
    assert personalizer.heads(1) is None


def test_what_is_told_as_trained_comes_from_the_trained_heads(lightning: PoseNetwork) -> None:
    exact, used = OnnxHeads(lightning), []

    def heads(taps: Taps) -> object:
        used.append(len(taps[0]))
        return exact(taps)

    settings = replace(preset("steady").settings, batch_size=1, iterations=1)
    network = copy.deepcopy(lightning)
    trunk, images = FrozenTrunk(network.encoder), torch.randn(1, 3, 192, 192)
    made = Personalizer(
        network, small_perceptual_loss(), settings, trunk=trunk,
        trained_heads=heads,  # type: ignore[arg-type]
    )  # fmt: skip
    wanted = made.predict(images).heatmaps
    torch.testing.assert_close(
        made.predict_as_trained(images).heatmaps, wanted, rtol=1e-3, atol=1e-4
    )
    assert used == [1]
    made.update(Pairs(images, images, images, (0,)))
    assert used == [1, 2]  # the teacher, of the picture and its mirror image
    assert not torch.allclose(made.predict(images).heatmaps, wanted, atol=1e-3)
    torch.testing.assert_close(
        made.predict_as_trained(images).heatmaps, wanted, rtol=1e-3, atol=1e-4
    )
    made.reset()
    everything = made.configured(replace(settings, scope="all"))
    everything.predict_as_trained(images)  # whose trunk learns
    assert used == [1, 2, 1]
