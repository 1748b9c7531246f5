"""The four networks: sizes, outputs, and who may see what."""

from __future__ import annotations

from functools import partial

import pytest
import torch
from torch import Tensor, nn

from model.core.crop import reduced
from model.core.errors import UserError
from model.core.heatmaps import gaussian_maps, marginal_expectation
from model.ttp.networks import VARIANTS, NetworkSpec, PoseNetwork, Variant
from model.ttp.networks.heads import AffinityTransformer
from tests.networks import small_network


@pytest.fixture(scope="module")
def network() -> PoseNetwork:
    """A network whose reconstruction varies with its inputs, as a trained one's does."""
    network = small_network(rebuilt=128)
    for parameter in network.reconstruction.parameters():
        if parameter.dim() > 1:
            nn.init.kaiming_normal_(parameter)
    return network


def images(count: int, crop: int = 128) -> tuple[Tensor, Tensor]:
    """Targets (count, 3, crop, crop) and sources (count, 3, 128, 128)."""
    return torch.randn(count, 3, crop, crop), torch.randn(count, 3, 128, 128)


def count(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


def built(spec: NetworkSpec) -> PoseNetwork:
    """The network without memory for its weights: fast, and enough to count."""
    with torch.device("meta"):
        return PoseNetwork(spec)


def test_parameters_are_as_many_as_published() -> None:
    network = built(NetworkSpec(backbone="resnet50"))
    assert count(network) == 39_817_343
    assert count(network.encoder) == 33_995_328
    assert count(network.reconstruction.appearance_encoder) == 1_177_056
    assert count(network.reconstruction.keypoint_encoder) == 1_219_392
    assert count(network.reconstruction.renderer) == 2_352_867
    affinity = network.affinity
    assert affinity.queries.numel() == 3_328
    assert count(affinity.decoder.layers[0]) == 1_053_440
    assert affinity.decoder.norm is not None
    assert count(affinity.decoder.norm) == 512
    assert count(affinity.projection) == 7_710
    assert count(built(NetworkSpec(backbone="resnet18")).encoder) == 15_372_352
    assert count(built(NetworkSpec(backbone="resnet-mini")).encoder) < 15_372_352 / 15


@pytest.mark.parametrize("joints", ["penn13", "bbc7", "h36m16", "joints-5"])
def test_heads_follow_the_joints(joints: str) -> None:
    k = len(NetworkSpec(joints=joints).joint_set)
    transformer = built(NetworkSpec("transformer", "resnet18", joints))
    assert transformer.affinity.queries.shape == (256, k)
    keypoint = built(NetworkSpec("keypoint", "resnet18", joints))
    assert keypoint.supervised_head.weight.shape == (k, 256, 1, 1)


def test_variants_have_their_parts_and_no_others() -> None:
    parts = {v: {n for n, _ in built(NetworkSpec(v)).named_children()} for v in VARIANTS}
    assert parts == {
        "baseline": {"encoder", "supervised_head"},
        "rotation": {"encoder", "supervised_head", "rotation_head"},
        "keypoint": {"encoder", "supervised_head", "self_head", "reconstruction"},
        "transformer": {"encoder", "affinity", "self_head", "reconstruction"},
    }


@pytest.mark.parametrize(
    ("backbone", "crop", "cells"),
    [("resnet18", 128, 32), ("resnet-mini", 128, 32), ("movenet-lightning", 192, 48)],
)
@pytest.mark.parametrize("variant", VARIANTS)
def test_outputs_of_every_variant(variant: Variant, backbone: str, crop: int, cells: int) -> None:
    network = small_network(variant, joints="bbc7", backbone=backbone, rebuilt=128)
    assert (network.spec.crop_size, network.spec.heatmap_size) == (crop, cells)
    target, source = images(2, crop)
    with torch.inference_mode():
        output = network(target, source)
        alone = network.pose(target)
    shapes = {name: getattr(value, "shape", None) for name, value in vars(output).items()}
    rebuilds = variant in ("keypoint", "transformer")
    assert shapes == {
        "heatmaps": (2, 7, cells, cells),
        "self_heatmaps": (2, 30, cells, cells) if rebuilds else None,
        "self_points": (2, 30, 2) if rebuilds else None,
        "affinity": (2, 7, 30) if variant == "transformer" else None,
        "reconstruction": (2, 3, 128, 128) if rebuilds else None,
    }
    torch.testing.assert_close(alone.heatmaps, output.heatmaps)
    if variant == "rotation":
        assert network.rotation_logits(target).shape == (2, 4)


def test_movenets_heatmaps_are_from_0_to_1() -> None:
    network = small_network(backbone="movenet-lightning")
    with torch.inference_mode():
        pose = network.pose(images(2, 192)[0])
    assert pose.self_heatmaps is not None
    assert pose.self_heatmaps.amax() > 1 > 0 > pose.self_heatmaps.amin()  # logits
    assert pose.heatmaps.amin() >= 0
    assert pose.heatmaps.amax() <= 1.0001


def test_a_finer_map_s_points_are_rebuilt_from_where_they_are() -> None:
    """The reconstruction has 32 cells a side whatever the maps have."""
    network = small_network(backbone="movenet-lightning")
    seen: list[Tensor] = []
    network.reconstruction.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    points = torch.rand(1, 30, 2) * 47
    with torch.inference_mode():
        network.rebuild(points, images(1)[1])
    torch.testing.assert_close(seen[0], points * 32 / 48)


def test_the_resnet_strides_on_its_3x3_convolutions() -> None:
    encoder = built(NetworkSpec(backbone="resnet50")).encoder
    for layer in (encoder.layer2, encoder.layer3, encoder.layer4):
        assert layer[0].conv1.stride == (1, 1)
        assert layer[0].conv2.stride == (2, 2)
    norms = [m for m in encoder.modules() if isinstance(m, nn.BatchNorm2d)]
    assert {(norm.momentum, norm.eps) for norm in norms} == {(0.1, 1e-5)}


def test_the_pose_sees_only_the_target(network: PoseNetwork) -> None:
    target, source = (x.requires_grad_() for x in images(1))
    output = network(target, source)
    for name in ("heatmaps", "self_heatmaps", "affinity"):
        pose = getattr(output, name).square().sum()
        to_target, to_source = torch.autograd.grad(
            pose, (target, source), allow_unused=True, retain_graph=True
        )
        assert to_target.abs().sum() > 0, name
        assert to_source is None, name


def _by_pytorch_s_decoder(affinity: AffinityTransformer, features: Tensor) -> Tensor:
    """The affinity (N, k_sup, k_self) of features with 32 cells a side or fewer."""
    memory = features.flatten(2).permute(2, 0, 1)
    queries = affinity.queries.t().unsqueeze(1).expand(-1, len(features), -1)
    decoded = affinity.decoder(queries, memory).transpose(0, 1)
    return affinity.projection(decoded).softmax(dim=-1)


@pytest.fixture
def looking() -> AffinityTransformer:
    """One whose queries look at different things."""
    torch.manual_seed(0)
    affinity = AffinityTransformer(13, 30).eval()
    for parameter in affinity.parameters():
        nn.init.normal_(parameter, std=0.06 if parameter.dim() > 1 else 0.3)
    return affinity


def test_the_affinity_is_that_of_pytorch_s_decoder(looking: AffinityTransformer) -> None:
    features = torch.randn(3, 256, 8, 8, requires_grad=True)
    learning = [features, *looking.parameters()]
    results = [way(features) for way in (looking, partial(_by_pytorch_s_decoder, looking))]
    torch.testing.assert_close(*results, rtol=1e-4, atol=1e-6)
    told = torch.randn_like(results[0])
    ours, theirs = (torch.autograd.grad((told * found).sum(), learning) for found in results)
    for found, wanted in zip(ours, theirs, strict=True):
        assert (found - wanted).norm() <= 1e-3 * wanted.norm() + 1e-7


def test_the_affinity_s_dropout_is_that_of_pytorch_s_decoder(looking: AffinityTransformer) -> None:
    """As strong: queries and features of every sample lose other parts, as much as there."""
    looking.train()
    features = torch.randn(1, 256, 8, 8).expand(300, -1, -1, -1)
    with torch.no_grad():
        ours, theirs = looking(features), _by_pytorch_s_decoder(looking, features)
    assert ours.std(dim=0).min() > 0
    error = theirs.std(dim=0) / len(features) ** 0.5
    assert ((ours.mean(dim=0) - theirs.mean(dim=0)) / error).abs().mean() < 2
    assert 0.9 < (ours.std(dim=0) / theirs.std(dim=0)).mean() < 1.1


def test_the_source_goes_through_the_appearance_encoder_alone(network: PoseNetwork) -> None:
    target, source = (x.requires_grad_() for x in images(1))

    def forget(module: nn.Module, inputs: object, output: Tensor) -> Tensor:
        return output.detach()

    hook = network.reconstruction.appearance_encoder.register_forward_hook(forget)
    try:
        rebuilt = network.reconstruct(target, source)
    finally:
        hook.remove()
    to_target, to_source = torch.autograd.grad(
        rebuilt.square().sum(), (target, source), allow_unused=True
    )
    assert to_target.abs().sum() > 0
    assert to_source is None


def test_the_target_goes_through_the_points_alone(network: PoseNetwork) -> None:
    target, source = images(1)
    with torch.inference_mode():
        maps = network.self_heatmaps(target)
        rebuilt = network.rebuild(network.points_of(maps), source)
        # A constant changes the maps and none of the points.
        same_points = network.rebuild(network.points_of(maps + 0.3), source)
        others = network.rebuild(network.points_of(maps.flip(-1)), source)
        whole = network(target, source).reconstruction
    torch.testing.assert_close(whole, rebuilt)
    torch.testing.assert_close(same_points, rebuilt, rtol=1e-3, atol=1e-3)
    assert (others - rebuilt).abs().max() > 0.01


def test_the_renderer_gets_appearance_first_and_then_keypoints(network: PoseNetwork) -> None:
    target, source = images(1)
    seen: list[Tensor] = []
    parts = network.reconstruction
    hooks = [
        parts.renderer.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0])),
        parts.keypoint_encoder.register_forward_pre_hook(
            lambda module, inputs: seen.append(inputs[0])
        ),
    ]
    with torch.inference_mode():
        network.reconstruct(target, source)
        for hook in hooks:
            hook.remove()
        maps, features = seen
        assert torch.equal(features[:, :256], parts.appearance_encoder(source))
        assert torch.equal(features[:, 256:], parts.keypoint_encoder(maps))
        clean = gaussian_maps(marginal_expectation(network.self_heatmaps(target)), 32)
    assert maps.shape == (1, 30, 128, 128)
    # Half-pixel bilinear upsampling: crop pixel 4 c + 1 is 0.125 of a cell left of cell c.
    left, middle = clean[0, :, 16, 15], clean[0, :, 16, 16]
    above_left, above = clean[0, :, 15, 15], clean[0, :, 15, 16]
    wanted = 0.875 * (0.875 * middle + 0.125 * left) + 0.125 * (0.875 * above + 0.125 * above_left)
    torch.testing.assert_close(maps[0, :, 65, 65], wanted)


def test_heatmaps_are_convex_combinations(network: PoseNetwork) -> None:
    with torch.inference_mode():
        pose = network.pose(images(3)[0])
    assert pose.affinity is not None
    assert pose.self_heatmaps is not None
    assert (pose.affinity >= 0).all()
    torch.testing.assert_close(pose.affinity.sum(-1), torch.ones(3, 13))
    assert (pose.affinity[0] - pose.affinity[1]).abs().max() > 1e-4  # it depends on the image
    lowest = pose.self_heatmaps.amin(1, keepdim=True) - 1e-5
    highest = pose.self_heatmaps.amax(1, keepdim=True) + 1e-5
    assert ((pose.heatmaps >= lowest) & (pose.heatmaps <= highest)).all()
    by_hand = sum(pose.affinity[1, 4, s] * pose.self_heatmaps[1, s] for s in range(30))
    assert isinstance(by_hand, Tensor)
    torch.testing.assert_close(pose.heatmaps[1, 4], by_hand, rtol=1e-4, atol=1e-5)


def test_affinity_knows_no_positions(network: PoseNetwork) -> None:
    with torch.inference_mode():
        features = network.encoder(images(1)[0])
        shuffled = features.flatten(2)[..., torch.randperm(1024)].view_as(features)
        torch.testing.assert_close(network.affinity(shuffled), network.affinity(features))


def test_samples_do_not_see_each_other(network: PoseNetwork) -> None:
    target, source = images(2)
    with torch.inference_mode():
        both, one = network(target, source), network(target[1:], source[1:])
    torch.testing.assert_close(both.heatmaps[1:], one.heatmaps, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(both.reconstruction[1:], one.reconstruction, rtol=1e-4, atol=1e-4)


def test_prediction_runs_no_reconstruction(network: PoseNetwork) -> None:
    def refuse(module: nn.Module, inputs: object) -> None:
        raise AssertionError("the reconstruction ran")

    hook = network.reconstruction.register_forward_pre_hook(refuse)
    try:
        with torch.inference_mode():
            assert network(images(1)[0]).reconstruction is None
    finally:
        hook.remove()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"variant": "transformers"}, "'transformers'.*baseline, rotation, keypoint, transformer"),
        ({"backbone": "vgg"}, "'vgg'.*resnet18, resnet34, resnet50"),
        ({"joints": "coco"}, "'coco'.*penn13"),
        ({"k_self": 0}, "k_self was 0"),
        ({"channel_order": "gbr"}, "'gbr'.*rgb, bgr"),
    ],
)
def test_unknown_networks_are_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(UserError, match=message):
        built(NetworkSpec(**changes))  # type: ignore[arg-type]


def test_smaller_pictures_are_rebuilt_where_the_spec_says_so() -> None:
    network = small_network(rebuilt=64)
    target, source = torch.randn(2, 2, 3, 128, 128).unbind()
    points = network.points_of(network.self_heatmaps(target))
    rebuilt = network(target, source).reconstruction
    assert rebuilt is not None and rebuilt.shape == (2, 3, 64, 64)
    assert torch.allclose(rebuilt, network.reconstruction(points, reduced(source, 64)), atol=1e-5)


@pytest.mark.parametrize("change", [{"rebuilt": 100}, {"mask": "face"}])
def test_a_spec_refuses_what_cannot_be_rebuilt(change: dict[str, object]) -> None:
    with pytest.raises(UserError, match="Choose one of"):
        NetworkSpec(**change)  # type: ignore[arg-type]
