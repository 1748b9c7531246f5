"""MoveNet's weights in our network: the same maps, the same joints, and what is refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper
from torch import Tensor
from torch.nn import functional

from model.core.crop import crop_matrix, heatmap_to_image, to_tensor, warp
from model.core.errors import UserError
from model.core.heatmaps import decode
from model.core.skeleton import COCO17, PENN13
from model.data.records import Clip, DataSet
from model.data.shards import read_shards
from model.evaluation.accuracy import chosen_frames, gathered
from model.evaluation.rival import Rival
from model.ttp.networks import VARIANTS, PoseNetwork, Variant
from model.ttp.networks.encoder import Neck
from model.ttp.networks.pretrained import load_movenet, movenet_convolutions, read_movenet
from model.ttp.networks.pretrained import read_convolutions as read
from tests.movenets import write_movenet
from tests.networks import small_network

JOINT_MAPS = "StatefulPartitionedCall/kpt_heatmap_0/conv2d_5/BiasAdd:0"
BATCH = 20


def released(name: str, shared_dir: Path) -> Path:
    path = shared_dir / "weights" / f"movenet-{name}-fp16.onnx"
    if not path.is_file():
        pytest.skip("needs MoveNet's released weights, which are not part of the project")
    return path


@pytest.fixture(scope="module")
def people(shared_dir: Path) -> DataSet:
    path = shared_dir / "data" / "jhmdb-train-00.npz"
    if not path.is_file():
        pytest.skip("needs J-HMDB's training clips, which are not part of the project")
    return read_shards([path], "training clips")


def spread(data: DataSet, count: int) -> list[tuple[Clip, int]]:
    """So many frames, spread over the whole data set."""
    return chosen_frames(data, sum(map(len, data)) // count)[:count]


def crops_of(rows: Sequence[tuple[Clip, int]], size: int) -> list[NDArray[np.uint8]]:
    return [
        warp(clip.frames.read(frame), crop_matrix(clip.box(frame), size), size)
        for clip, frame in rows
    ]


def joint_maps(path: Path, crops: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
    """MoveNet's own 17 maps of logits (N, 17, H, H), by ONNX Runtime."""
    released = onnx.load(path)
    released.graph.output.append(helper.make_tensor_value_info(JOINT_MAPS, TensorProto.FLOAT, None))
    session = onnxruntime.InferenceSession(
        released.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    name = session.get_inputs()[0].name
    return np.concatenate(
        [session.run([JOINT_MAPS], {name: crop[None].astype(np.int32)})[0] for crop in crops]
    )


@torch.inference_mode()
def encoded(network: PoseNetwork, crops: Sequence[NDArray[np.uint8]]) -> Tensor:
    """The shared features (N, 256, H, H)."""
    images = to_tensor(crops).to(memory_format=torch.channels_last)
    return torch.cat([network.encoder(part) for part in images.split(BATCH)])


@pytest.mark.parametrize("name", ["thunder", "lightning"])
def test_the_joint_maps_are_movenets_own(name: str, people: DataSet, shared_dir: Path) -> None:
    path = released(name, shared_dir)
    network = read_movenet(path, "baseline")
    assert network.spec.backbone == f"movenet-{name}"
    crops = crops_of(spread(people, 20), network.spec.crop_size)
    features = encoded(network, crops)
    found = functional.conv2d(features[:, : Neck.HEAD], *read(path)[-1])
    wanted = joint_maps(path, crops)
    assert found.shape == wanted.shape == (20, 17, *[network.spec.heatmap_size] * 2)
    assert np.abs(wanted).max() > 10  # logits, not what is made of them
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-2)


@pytest.mark.parametrize(
    ("name", "count"), [("lightning", 100), pytest.param("thunder", 300, marks=pytest.mark.slow)]
)
def test_untrained_networks_find_what_movenet_finds(
    name: str, count: int, people: DataSet, shared_dir: Path
) -> None:
    """No point of PCK is lost on the joints that both define alike, all but the head."""
    path = released(name, shared_dir)
    rows = spread(people, count)
    rival, shared = Rival(path), read_movenet(path, "keypoint")
    size, cells = shared.spec.crop_size, shared.spec.heatmap_size
    features = encoded(shared, crops_of(rows, size))

    def score(points: Sequence[NDArray[np.floating]]) -> float:
        found = gathered(people, rows, points, PENN13)
        body = found.visible.copy()
        body[:, PENN13.index("head")] = 0
        return replace(found, visible=body).score().mean

    wanted = score(
        [rival.predict([clip.frames.read(frame)], [clip.box(frame)])[0] for clip, frame in rows]
    )
    assert wanted > 60
    for variant in ("keypoint", "transformer"):
        network = read_movenet(path, variant)  # its encoder makes the same maps of its features
        with torch.inference_mode():
            points, _ = decode(network.pose_of(features).heatmaps)
        found = score(
            [
                heatmap_to_image(own.numpy(), clip.box(frame), cells)
                for own, (clip, frame) in zip(points, rows, strict=True)
            ]
        )
        assert found > wanted - 1, variant


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_variant_starts_with_movenets_maps(variant: Variant, tmp_path: Path) -> None:
    path = tmp_path / "movenet.onnx"
    *layers, head = write_movenet(path)
    network = read_movenet(path, variant)
    assert (network.spec.variant, network.spec.backbone) == (variant, "movenet-lightning")
    assert not any(module.training for module in network.modules())
    for own, layer in zip(movenet_convolutions(network.encoder), layers, strict=True):
        assert torch.equal(own.weight, layer.weight)
        assert (own.bias is None) == (layer.bias is None)
        assert own.bias is None or torch.equal(own.bias, layer.bias)  # type: ignore[arg-type]
    with torch.inference_mode():
        features = network.encoder(torch.randn(2, 3, 192, 192))
        maps = head(features[:, : Neck.HEAD])
        scores, affinity = network.scores(
            features, network.self_head(features) if network.spec.reconstructs else None
        )
        order = [COCO17.index(name) for name in PENN13.names[1:]]
        ears = maps[:, [COCO17.index("left ear"), COCO17.index("right ear")]].mean(1, True)
        wanted = torch.cat([ears, maps[:, order]], dim=1)
    if affinity is None:
        torch.testing.assert_close(scores, wanted, rtol=1e-4, atol=1e-4)
    else:
        own_maps = affinity[:, range(13), range(13)]
        assert own_maps.min() > 0.9


def test_the_same_file_gives_the_same_network(tmp_path: Path) -> None:
    path = tmp_path / "movenet.onnx"
    write_movenet(path)
    first = read_movenet(path).state_dict()
    torch.manual_seed(9)
    expected = torch.rand(3)
    torch.manual_seed(9)
    second = read_movenet(path).state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert torch.equal(torch.rand(3), expected)  # the caller's own dice are left alone


def test_a_resnet_cannot_take_movenets_weights(tmp_path: Path) -> None:
    path = tmp_path / "movenet.onnx"
    write_movenet(path)
    with pytest.raises(UserError, match=r"do not fit the backbone 'resnet-mini'\. Choose movenet"):
        load_movenet(small_network(), path)


def test_a_network_of_the_other_size_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "movenet.onnx"
    write_movenet(path, shape=(1, 256, 256, 3))
    with pytest.raises(UserError, match=r"hold the convolutions of movenet-thunder\. .* 192 x 192"):
        read_movenet(path)


@pytest.mark.parametrize(
    ("shape", "told"),
    [((1, "h", "w", 3), "1 x any x any x 3"), ((1, 3, 192, 192), "1 x 3 x 192 x 192")],
)
def test_other_inputs_are_told_with_those_expected(
    shape: tuple[int | str, ...], told: str, tmp_path: Path
) -> None:
    path = tmp_path / "other.onnx"
    write_movenet(path, shape=shape)
    with pytest.raises(
        UserError,
        match=rf"other\.onnx .* its input is {told}, .* 1 x 256 x 256 x 3.* 1 x 192 x 192 x 3\.",
    ):
        read_movenet(path)


def test_the_person_detector_is_no_single_person_network() -> None:
    from app.assets import DETECTOR

    with pytest.raises(UserError, match="is no single-person MoveNet: its input is 1 x any"):
        read_movenet(DETECTOR)


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"no network", "is no whole ONNX file"), (b"", "its input is nothing")],
)
def test_what_is_no_onnx_file_is_refused(content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "movenet.onnx"
    path.write_bytes(content)
    with pytest.raises(UserError, match=message):
        read_movenet(path)


def test_a_missing_file_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="There is no file"):
        read_movenet(tmp_path / "none.onnx")


def test_weights_that_are_computed_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "movenet.onnx"
    write_movenet(path)
    graph = onnx.load(path)
    graph.graph.initializer[0].name = "elsewhere"
    onnx.save(graph, path)
    with pytest.raises(UserError, match=r"computes the weights '0/weight'.* Give MoveNet's"):
        read_movenet(path)
