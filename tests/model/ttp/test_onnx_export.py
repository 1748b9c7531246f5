"""The exported pose branch computes what PyTorch computes, or is not written."""

from __future__ import annotations

import copy
import functools
import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import numpy_helper

from model.core.errors import UserError
from model.ttp import onnx_export
from model.ttp.networks import NetworkSpec, PoseNetwork, Variant
from model.ttp.onnx_export import ExportReport, describe, export_onnx, output_names
from tests.networks import SMALL_BACKBONES, small_network

METADATA = {"license": "Apache-2.0", "version": "7", "k_self": "31"}

Exported = tuple[PoseNetwork, ExportReport]
both_kinds = pytest.mark.parametrize("backbone", SMALL_BACKBONES)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Exported]:
    """Networks in training mode, as those that are being trained may be, and their exports."""

    @functools.cache
    def export(backbone: str) -> Exported:
        network = small_network(joints="bbc7", backbone=backbone).train()
        path = tmp_path_factory.mktemp("export") / "new folder" / "pose.onnx"
        return network, export_onnx(network, path, METADATA)

    return export


@pytest.fixture(scope="module")
def network(exported: Callable[[str], Exported]) -> PoseNetwork:
    return exported("resnet-mini")[0]


@pytest.fixture(scope="module")
def report(exported: Callable[[str], Exported]) -> ExportReport:
    return exported("resnet-mini")[1]


@pytest.fixture(scope="module")
def graph(report: ExportReport) -> onnx.ModelProto:
    return onnx.load(report.path)


@pytest.fixture
def translated(graph: onnx.ModelProto, monkeypatch: pytest.MonkeyPatch) -> onnx.ModelProto:
    """What the exporter will be taken to have made; change it to make a bad one."""
    changed = copy.deepcopy(graph)
    monkeypatch.setattr(onnx_export, "_translate", lambda branch, outputs: changed)
    return changed


def sizes(values: list[onnx.ValueInfoProto]) -> dict[str, list[str | int]]:
    return {
        v.name: [d.dim_param or d.dim_value for d in v.type.tensor_type.shape.dim] for v in values
    }


@pytest.mark.parametrize(
    ("backbone", "crop", "cells"), [("resnet-mini", 128, 32), ("movenet-lightning", 192, 48)]
)
def test_the_graph_is_the_pose_branch_with_a_free_batch(
    backbone: str, crop: int, cells: int, exported: Callable[[str], Exported]
) -> None:
    graph = onnx.load(exported(backbone)[1].path)
    onnx.checker.check_model(graph, full_check=True)
    assert sizes(list(graph.graph.input)) == {"target": ["batch", 3, crop, crop]}
    assert sizes(list(graph.graph.output)) == {
        "heatmaps": ["batch", 7, cells, cells],
        "self_heatmaps": ["batch", 30, cells, cells],
        "affinity": ["batch", 7, 30],
    }


@both_kinds
@pytest.mark.parametrize("count", [1, 2, 5])
def test_onnx_runtime_computes_the_same(
    count: int, backbone: str, exported: Callable[[str], Exported]
) -> None:
    network, report = exported(backbone)
    session = onnxruntime.InferenceSession(report.path, providers=["CPUExecutionProvider"])
    names = output_names(network.spec)
    target = torch.randn(count, 3, network.spec.crop_size, network.spec.crop_size)
    found = session.run(list(names), {"target": target.numpy()})
    with torch.inference_mode():
        pose = copy.deepcopy(network).eval().pose(target)
    for name, given in zip(names, found, strict=True):
        wanted = getattr(pose, name).numpy()
        assert np.abs(given - wanted).max() <= 1e-4 * max(1, np.abs(wanted).max()), name


@both_kinds
def test_the_report_tells_the_differences(
    backbone: str, exported: Callable[[str], Exported]
) -> None:
    report = exported(backbone)[1]
    assert list(report.differences) == ["heatmaps", "self_heatmaps", "affinity"]
    assert all(0 <= value <= 1e-4 for value in report.differences.values())


def test_the_file_is_alone_but_for_its_description(report: ExportReport) -> None:
    files = {path.name: path for path in report.path.parent.iterdir()}
    assert files == {"pose.onnx": report.path, "pose.json": report.metadata_path}


def test_the_description_is_the_same_inside_and_beside(
    graph: onnx.ModelProto, report: ExportReport
) -> None:
    beside = json.loads(report.metadata_path.read_text(encoding="utf-8"))
    inside = {entry.key: entry.value for entry in graph.metadata_props}
    assert inside == {k: v if isinstance(v, str) else json.dumps(v) for k, v in beside.items()}
    assert beside["joint_names"][:2] == ["head", "right wrist"]
    assert beside["limbs"][0] == [5, 6]
    assert beside["channel_order"] == "rgb"
    assert beside["mean"] == [0.485, 0.456, 0.406]
    assert beside["std"] == [0.229, 0.224, 0.225]
    assert (beside["variant"], beside["backbone"]) == ("transformer", "resnet-mini")
    assert (beside["crop_size"], beside["heatmap_stride"]) == (128, 4)
    assert (beside["crop_box_to_side"], beside["crop_centre_shift"]) == (1.25, 0.0)
    assert "1.25 * max(width, height)" in beside["crop_rule"]
    assert "crop_centre_shift * max(width, height)" in beside["crop_rule"]
    assert (beside["license"], beside["version"]) == ("Apache-2.0", "7")
    assert beside["k_self"] == 30  # the network's own word counts


@pytest.mark.parametrize(
    ("backbone", "crop", "cells"),
    [("resnet50", 128, 32), ("movenet-lightning", 192, 48), ("movenet-thunder", 256, 64)],
)
def test_sizes_are_told_as_the_backbone_has_them(backbone: str, crop: int, cells: int) -> None:
    told = describe(NetworkSpec(backbone=backbone), {})
    assert (told["crop_size"], told["heatmap_size"], told["heatmap_stride"]) == (crop, cells, 4)
    assert f"(N, 3, {crop}, {crop})" in told["input"]
    assert f"(N, 13, {cells}, {cells})" in told["outputs"]["heatmaps"]
    assert f"(N, 30, {cells}, {cells})" in told["outputs"]["self_heatmaps"]
    kind = "raw" if backbone == "resnet50" else "logits"
    assert kind in told["outputs"]["self_heatmaps"]
    assert f"to {crop} x {crop} pixels, its centre at pixel ({crop // 2}, " in told["crop_rule"]
    assert f"1 < x < {cells - 1} and" in told["decoding_rule"]
    assert f"(x - {cells // 2}) * side / {cells} + centre_x" in told["decoding_rule"]


@pytest.mark.parametrize("shift", [0.0, 0.075])
def test_the_crop_is_described_as_the_network_was_trained(shift: float) -> None:
    assert describe(NetworkSpec(crop_shift=shift), {})["crop_centre_shift"] == shift


def test_the_file_tells_nothing_about_this_machine(report: ExportReport) -> None:
    content = report.path.read_bytes()
    for folder in (Path(__file__).parents[3], Path(torch.__file__).parent):
        assert os.fsencode(folder) not in content


def test_exporting_leaves_the_network_alone(network: PoseNetwork, report: ExportReport) -> None:
    assert report.path.is_file()
    assert all(module.training for module in network.modules())
    assert all(parameter.requires_grad for parameter in network.parameters())


@pytest.mark.parametrize(
    ("variant", "names"),
    [
        ("baseline", ("heatmaps",)),
        ("rotation", ("heatmaps",)),
        ("keypoint", ("heatmaps", "self_heatmaps")),
        ("transformer", ("heatmaps", "self_heatmaps", "affinity")),
    ],
)
def test_outputs_are_those_that_the_variant_has(variant: Variant, names: tuple[str, ...]) -> None:
    assert output_names(NetworkSpec(variant)) == names


@pytest.mark.parametrize("variant", ["baseline", "keypoint"])
def test_variants_without_a_transformer(
    variant: Variant, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    report = export_onnx(small_network(variant), tmp_path / "pose.onnx")
    names = output_names(NetworkSpec(variant))
    assert tuple(report.differences) == names
    assert tuple(sizes(list(onnx.load(report.path).graph.output))) == names
    assert list(json.loads(report.metadata_path.read_text())["outputs"]) == list(names)
    assert capfd.readouterr() == ("", "")


def test_another_result_is_not_written(
    network: PoseNetwork, translated: onnx.ModelProto, tmp_path: Path
) -> None:
    bias = next(t for t in translated.graph.initializer if "self_head.bias" in t.name)
    bias.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(bias) + 2e-4, bias.name))
    with pytest.raises(UserError, match=r"computes other heatmaps than PyTorch: .* 0\.0002"):
        export_onnx(network, tmp_path / "pose.onnx")
    assert list(tmp_path.iterdir()) == []


def test_a_failed_export_keeps_the_older_files(
    network: PoseNetwork,
    translated: onnx.ModelProto,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = tmp_path / "pose.onnx"
    export_onnx(network, path)
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    monkeypatch.setattr(onnx_export, "TOLERANCE", 0.0)
    with pytest.raises(UserError, match="Nothing was written"):
        export_onnx(network, path, {"version": "8"})
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


@pytest.mark.usefixtures("translated")
def test_results_that_are_no_numbers_are_not_written(network: PoseNetwork, tmp_path: Path) -> None:
    broken = copy.deepcopy(network)
    with torch.no_grad():
        broken.self_head.weight[3] = torch.nan
    with pytest.raises(UserError, match="differ by nan"):
        export_onnx(broken, tmp_path / "pose.onnx")
    assert list(tmp_path.iterdir()) == []


def test_a_graph_that_does_not_run_is_not_written(
    network: PoseNetwork, translated: onnx.ModelProto, tmp_path: Path
) -> None:
    translated.graph.node[3].op_type = "Nonsense"
    with pytest.raises(UserError, match="ONNX Runtime cannot run the exported network"):
        export_onnx(network, tmp_path / "pose.onnx")
    assert list(tmp_path.iterdir()) == []


def test_an_exporter_that_fails_is_told_in_a_sentence(
    network: PoseNetwork, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object, **options: object) -> None:
        raise torch.onnx.OnnxExporterError("no translation for aten.\nOver many lines, it is …")

    monkeypatch.setattr(torch.onnx, "export", fail)
    with pytest.raises(UserError, match=r"cannot translate .* \(no translation for aten\)\. "):
        export_onnx(network, tmp_path / "pose.onnx")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["pose.json", "pose", "folder.onnx"])
def test_an_unsuitable_name_is_refused_at_once(
    name: str, network: PoseNetwork, tmp_path: Path
) -> None:
    (tmp_path / "folder.onnx").mkdir()
    with pytest.raises(UserError, match=rf"{name} cannot be .* ends in \.onnx"):
        export_onnx(network, tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == ["folder.onnx"]


@pytest.mark.usefixtures("translated")
def test_a_place_that_cannot_be_written_is_refused(network: PoseNetwork, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="cannot be written"):
        export_onnx(network, tmp_path / "file" / "pose.onnx")
