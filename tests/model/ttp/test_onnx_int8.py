from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from app.assets import WEIGHTS, demo
from app.runtime.capture.files import VideoSource
from model.core.crop import SquareBox
from model.core.device import cpu_session
from model.core.errors import UserError
from model.ttp import onnx_int8, trunk, weights
from model.ttp.networks import NetworkSpec, PoseNetwork
from model.ttp.onnx_int8 import IntegerGraph, Ranges, exact_here, load, measured, save
from model.ttp.onnx_pose import OnnxHeads, OnnxTrunk
from model.ttp.prediction import crop_tensor, pose_in_image
from tests.networks import small_network


@pytest.fixture(scope="module")
def lightning() -> PoseNetwork:
    torch.manual_seed(4)
    return PoseNetwork(NetworkSpec(variant="transformer", backbone="movenet-lightning")).eval()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "network.safetensors"
    weights.save(path, small_network())
    return path


def _computed(graph: IntegerGraph, output: str, x: Tensor) -> Tensor:
    model = graph.model("layer", {"image": ["n", "c", "h", "w"]}, [output])
    (found,) = cpu_session(model.SerializeToString()).run(None, {"image": x.numpy()})
    return torch.from_numpy(found)


@pytest.mark.skipif(not exact_here(), reason="this processor cuts sums off at 16 bits")
@pytest.mark.parametrize("groups", [1, 16])
def test_a_convolution_of_whole_numbers_is_wrong_by_their_steps_at_most(groups: int) -> None:
    torch.manual_seed(0)
    layer = nn.Conv2d(16, 16, 3, padding=1, groups=groups)
    x = torch.rand(2, 16, 8, 8) * 4 - 1
    with torch.no_grad():
        wanted = layer(x).relu()
    graph = IntegerGraph([(-1.0, 3.0), (0.0, float(wanted.max()))])
    with torch.no_grad():
        output = graph.settled(graph.layer(nn.Sequential(layer, nn.ReLU()), "image"))
    found = _computed(graph, output, x)
    # Half a step of the value, and for each product of its input and of its weight.
    products, largest = layer.weight[0].numel(), float(layer.weight.detach().abs().max())
    bound = (float(wanted.max()) / 255 + products * (4 / 255 * largest + 3 * largest / 127)) / 2
    assert float((found - wanted).abs().max()) <= bound
    assert float((found - wanted).square().mean().sqrt()) < 0.02 * float(wanted.max())


@pytest.mark.skipif(not exact_here(), reason="this processor cuts sums off at 16 bits")
@pytest.mark.parametrize("weight", [0.0, 1e-9])
def test_a_channel_that_looks_at_nothing_keeps_its_bias(weight: float) -> None:
    layer = nn.Conv2d(8, 8, 1)
    nn.init.constant_(layer.weight, weight)
    assert layer.bias is not None
    nn.init.constant_(layer.bias, 0.75)
    graph = IntegerGraph([(0.0, 1.0), (0.0, 1.0)])
    output = graph.settled(graph.layer(layer, "image"))
    found = _computed(graph, output, torch.rand(1, 8, 4, 4))
    torch.testing.assert_close(found, torch.full_like(found, 0.75), rtol=0, atol=0.005)


def test_values_have_their_ranges_in_the_order_in_which_they_are_used(
    lightning: PoseNetwork,
) -> None:
    images = [torch.randn(1, 3, 192, 192) for _ in range(2)]
    ranges = measured(lightning.encoder, images)
    assert all(low <= 0 <= high for low, high in ranges)
    # What the first convolutions leave, and then what the next one does, cut off at six.
    encoder = lightning.encoder
    mapped = torch.cat(images) * encoder.scale + encoder.shift
    with torch.no_grad():
        left = encoder.mobilenet.stages[0](encoder.mobilenet.stem(mapped).clamp(0, 6))
    assert ranges[0] == pytest.approx((float(left.min()), float(left.max())), abs=1e-4)
    assert ranges[1][0] == 0 and 0 < ranges[1][1] <= 6


@pytest.mark.skipif(not exact_here(), reason="this processor cuts sums off at 16 bits")
def test_the_network_in_the_box_finds_the_same_joints_in_whole_numbers() -> None:
    ranges = load(WEIGHTS)
    assert ranges is not None, "calibrate the network anew"
    network = weights.load(WEIGHTS)
    source = VideoSource(demo("webcam").video)
    source.open()
    grab = source.read()
    source.close()
    assert grab is not None
    height, width = grab.image.shape[:2]
    box = SquareBox(width / 2, height / 2, 0.9 * height)
    image = crop_tensor(grab.image, box, network.spec)
    heads = OnnxHeads(network)
    exact, whole = (
        pose_in_image(network.output_of(*heads(engine(image))), box)
        for engine in (OnnxTrunk(network.encoder), OnnxTrunk(network.encoder, 1, ranges.values))
    )
    seen = exact.confidence > 0.3
    assert seen.sum() >= 5
    moved = np.linalg.norm(exact.keypoints - whole.keypoints, axis=1)[seen] / box.side
    assert np.median(moved) < 0.01 and moved.max() < 0.05


def test_too_few_ranges_are_said_to_be(lightning: PoseNetwork) -> None:
    with pytest.raises(UserError, match="more values than the 3 ranges"):
        OnnxTrunk(lightning.encoder, 1, [(0.0, 1.0)] * 3)


def test_whole_numbers_are_tried_where_they_are_exact(
    lightning: PoseNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    ranges = measured(lightning.encoder, [torch.randn(1, 3, 192, 192)])
    for exact in (True, False):
        monkeypatch.setattr(trunk, "exact_here", lambda threads, exact=exact: exact)
        choice = trunk.fastest_engine(lightning, 1, low_precision=False, ranges=ranges)
        assert ("ONNX Runtime, int8" in choice.milliseconds) == exact


@pytest.mark.parametrize(
    ("enough", "name"),
    [(0.0, "ONNX Runtime, int8"), (19.0, "ONNX Runtime, int8"), (20.0, "ONNX Runtime")],
)
def test_whole_numbers_are_chosen_only_if_nothing_else_is_fast_enough(
    enough: float, name: str, lightning: PoseNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    ranges = measured(lightning.encoder, [torch.randn(1, 3, 192, 192)])
    times = iter([20.0, 30.0, 8.0, 1.0, 2.0])  # float32, PyTorch, int8; heads in either
    monkeypatch.setattr(trunk, "exact_here", lambda threads: True)
    monkeypatch.setattr(trunk, "_milliseconds", lambda compute: next(times))
    choice = trunk.fastest_engine(lightning, 1, low_precision=False, ranges=ranges, enough=enough)
    assert choice.name == name and choice.in_int8 == name.endswith("int8")


class _Saturating:
    """A session whose sums of products stop at 16 bits."""

    def run(self, names: object, inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
        return [np.full_like(inputs["image"], 9 * 64 * 32767 / (2 * 255 * 127))]


def test_a_processor_that_cuts_off_sums_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_int8, "cpu_session", lambda model, threads: _Saturating())
    assert not exact_here()


# The file beside the weights


def _ranges(file: Path) -> Ranges:
    return Ranges(onnx_int8.sha256_of(file), "2 pictures", ((-1.0, 1.0), (0.0, 6.0)))


def test_ranges_are_written_and_read_beside_their_network(file: Path) -> None:
    assert load(file) is None
    path = save(file, _ranges(file))
    assert path == file.with_name("network.ranges.json")
    assert load(file) == _ranges(file)
    with file.open("ab") as stream:
        stream.write(b"another")
    assert load(file) is None  # which are another network's


@pytest.mark.parametrize(
    "change",
    [{"values": [[1.0, 2.0]]}, {"values": [[0.0]]}, {"values": [["a", 1]]}, {"values": 3},
     {"values": [[0.0, float("inf")]]}, {"values": [[float("nan"), 1.0]]}],
)  # fmt: skip
def test_damaged_ranges_are_refused(change: dict[str, object], file: Path) -> None:
    told = vars(_ranges(file)) | change
    onnx_int8.beside(file).write_text(json.dumps(told))
    with pytest.raises(UserError, match="does not hold the ranges"):
        load(file)


@given(st.binary(max_size=200))
def test_any_bytes_are_no_more_than_refused(content: bytes) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "network.safetensors"
        file.write_bytes(b"")
        onnx_int8.beside(file).write_bytes(content)
        with pytest.raises(UserError, match="does not hold the ranges"):
            load(file)


@pytest.fixture
def exact(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_int8, "exact_here", lambda: request.param)


@pytest.mark.usefixtures("exact")
@pytest.mark.parametrize("exact", [True], indirect=True)
def test_ranges_serve_where_whole_numbers_may_be_computed(file: Path) -> None:
    assert onnx_int8.ranges_for(file, None) is None
    with pytest.raises(UserError, match=r"has no network\.ranges\.json beside it"):
        onnx_int8.ranges_for(file, "int8")
    values = _ranges(file).values
    save(file, _ranges(file))
    assert onnx_int8.ranges_for(file, None) == onnx_int8.ranges_for(file, "int8") == values
    assert onnx_int8.ranges_for(file, "float32") is onnx_int8.ranges_for(file, "bfloat16") is None


@pytest.mark.usefixtures("exact")
@pytest.mark.parametrize("exact", [False], indirect=True)
def test_int8_is_refused_where_sums_are_cut_off(file: Path) -> None:
    save(file, _ranges(file))
    with pytest.raises(UserError, match=r"without loss\. Choose float32"):
        onnx_int8.ranges_for(file, "int8")
