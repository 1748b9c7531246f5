"""Weight files: our own, and the authors'."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from model.core.errors import UserError
from model.core.weights import read_tensors
from model.keypointgan import weights
from model.keypointgan.networks import KeypointGan
from model.keypointgan.settings import KeypointGanSpec
from tests.model.keypointgan.tiny import tensors_of, tiny_network

WHAT = {"format": weights.FORMAT}


@pytest.fixture(scope="module")
def network() -> KeypointGan:
    return tiny_network(second_cycle=True, sigma=0.3)


def test_whole_precision_comes_back_bit_for_bit(network: KeypointGan, tmp_path: Path) -> None:
    path = tmp_path / "folder" / "gan.safetensors"
    weights.save(path, network, {"trained on": "cats"}, half=False)
    opened = weights.load(path)
    assert opened.spec == network.spec
    assert not opened.training
    wanted, found = tensors_of(network), tensors_of(opened)
    assert all(torch.equal(found[name], wanted[name]) for name in wanted if "num_" not in name)
    metadata = weights.read_metadata(path)
    assert metadata["trained on"] == "cats" and metadata["format"] == weights.FORMAT


def test_half_precision_is_half_the_size_and_opens_as_float32(
    network: KeypointGan, tmp_path: Path
) -> None:
    weights.save(tmp_path / "half", network)
    weights.save(tmp_path / "whole", network, half=False)
    sizes = [(tmp_path / name).stat().st_size for name in ("half", "whole")]
    assert sizes[0] < 0.65 * sizes[1]
    opened = weights.load(tmp_path / "half")
    for name, value in opened.state_dict().items():
        if value.is_floating_point():
            assert value.dtype == torch.float32
            assert torch.equal(value, network.state_dict()[name].half().float())


def test_discriminators_may_be_left_out(network: KeypointGan, tmp_path: Path) -> None:
    weights.save(tmp_path / "all", network, half=False)
    weights.save(tmp_path / "less", network, half=False, discriminators=False)
    opened = weights.load(tmp_path / "less")
    assert (tmp_path / "less").stat().st_size < (tmp_path / "all").stat().st_size
    for name, tensor in network.state_dict().items():
        if not name.startswith("D_") and not name.endswith("num_batches_tracked"):
            assert torch.equal(opened.state_dict()[name], tensor), name


def test_metadata_cannot_pretend_to_be_another_format(network: KeypointGan, tmp_path: Path) -> None:
    weights.save(tmp_path / "gan", network, {"format": "other", "spec": "other"})
    assert weights.load(tmp_path / "gan").spec == network.spec


def test_a_place_that_cannot_be_written_is_told_in_words(
    network: KeypointGan, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("here")
    with pytest.raises(UserError, match="cannot be written"):
        weights.save(tmp_path / "file" / "gan.safetensors", network)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="There is no weight file"):
        weights.load(tmp_path / "nothing.safetensors")


@pytest.mark.parametrize("cut", [0, 5, 2000])
def test_a_truncated_file(cut: int, network: KeypointGan, tmp_path: Path) -> None:
    path = tmp_path / "gan.safetensors"
    weights.save(path, network)
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(UserError, match="not a whole safetensors file"):
        weights.load(path)


def test_a_file_of_something_else(tmp_path: Path) -> None:
    save_file({"conv1.weight": torch.ones(2)}, tmp_path / "a.safetensors")
    save_file({"conv1.weight": torch.ones(2)}, tmp_path / "b.safetensors", {"format": "pose-2"})
    for name in ("a", "b"):
        with pytest.raises(UserError, match="holds no KeypointGAN"):
            weights.load(tmp_path / f"{name}.safetensors")


@pytest.mark.parametrize(
    "spec",
    [
        None, "{", "[]", "7", json.dumps({**asdict(KeypointGanSpec()), "depth": 3}),
        json.dumps({**asdict(KeypointGanSpec()), "size": "large"}),
        json.dumps({**asdict(KeypointGanSpec()), "size": 20}),
        json.dumps({**asdict(KeypointGanSpec()), "skeleton_name": "octopus"}),
        json.dumps({**asdict(KeypointGanSpec()), "width": None}),
    ],
)  # fmt: skip
def test_damaged_metadata_is_told_in_words(spec: str | None, tmp_path: Path) -> None:
    metadata = {**WHAT, **({} if spec is None else {"spec": spec})}
    save_file({"x": torch.ones(1)}, tmp_path / "gan.safetensors", metadata)
    with pytest.raises(UserError):
        weights.load(tmp_path / "gan.safetensors")


def without(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {k: v for k, v in tensors.items() if k != "G_A.encoder.blocks.0.0.weight"}


def larger(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {**tensors, "G_A.encoder.blocks.0.0.weight": torch.ones(9, 3, 7, 7)}


def more(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {**tensors, "G_A.encoder.blocks.0.0.weight2": torch.ones(1)}


@pytest.mark.parametrize("change", [without, larger, more])
def test_tensors_that_do_not_fit_are_refused(
    change: Callable[[dict[str, Tensor]], dict[str, Tensor]], network: KeypointGan, tmp_path: Path
) -> None:
    metadata = {**WHAT, "spec": json.dumps(asdict(network.spec))}
    tensors = {k: v for k, v in tensors_of(network).items() if "num_batches" not in k}
    save_file(change(tensors), tmp_path / "gan.safetensors", metadata)
    sentence = r"does not fit this KeypointGAN: .*1.*.*first: G_A\.encoder\.blocks\.0\.0"
    with pytest.raises(UserError, match=sentence):
        weights.load(tmp_path / "gan.safetensors")


# The authors' files


@pytest.fixture(scope="module")
def theirs() -> KeypointGan:
    """Small, but with the released discriminators' width."""
    return tiny_network(skeleton_name="h36m32", discriminator_width=64, scales=1, width=2)


def released(network: KeypointGan, folder: Path, *parts: str) -> dict[str, Path]:
    """The files of these parts as the released code writes them."""
    files = {}
    for part in parts:
        files[part] = folder / f"latest_net_{part}.pth"
        torch.save(network.get_submodule(part).state_dict(), files[part])
    return files


def test_points_width_and_scales_are_recognised(theirs: KeypointGan, tmp_path: Path) -> None:
    files = released(theirs, tmp_path, *weights.PARTS)
    spec = weights.import_released(files, tmp_path / "ours.safetensors")
    assert spec == KeypointGanSpec(width=2, scales=1)
    opened = weights.load(tmp_path / "ours.safetensors")
    wanted = tensors_of(theirs)
    for name, value in opened.state_dict().items():
        if "num_batches" not in name:
            source = name.replace("offline_regressor", "regressor")
            assert torch.equal(value, wanted[source]), name
    metadata = weights.read_metadata(tmp_path / "ours.safetensors")
    assert metadata["imported"] == "D_A, G_A, G_B, regressor"


def test_parts_may_be_left_out(theirs: KeypointGan, tmp_path: Path) -> None:
    files = released(theirs, tmp_path, "G_A", "regressor")
    out = tmp_path / "ours.safetensors"
    assert weights.import_released(files, out) == KeypointGanSpec(width=2)
    opened = weights.load(out)
    wanted = tensors_of(theirs)
    for name, value in opened.G_A.state_dict().items():
        assert "num_batches" in name or torch.equal(value, wanted[f"G_A.{name}"])
    assert all(bool(value.isfinite().all()) for value in opened.state_dict().values())


def test_an_offline_regressor_of_its_own_is_taken(theirs: KeypointGan, tmp_path: Path) -> None:
    files = released(theirs, tmp_path, "G_A", "regressor")
    files["offline_regressor"] = tmp_path / "580000_net_regressor.pth"
    other = {name: value + 1 for name, value in theirs.regressor.state_dict().items()}
    torch.save(other, files["offline_regressor"])
    weights.import_released(files, tmp_path / "ours.safetensors")
    opened = weights.load(tmp_path / "ours.safetensors")
    for name, value in theirs.regressor.state_dict().items():
        assert torch.equal(opened.regressor.state_dict()[name], value)
        assert torch.equal(opened.offline_regressor.state_dict()[name], value + 1)


def test_a_translator_without_a_condition_is_recognised(tmp_path: Path) -> None:
    plain = tiny_network(width=2, conditional=False)
    files = released(plain, tmp_path, "G_A", "G_B", "regressor")
    spec = weights.import_released(files, tmp_path / "ours.safetensors")
    assert spec == KeypointGanSpec("penn13", width=2, conditional=False)


@pytest.mark.parametrize("part", ["G_A", "regressor"])
def test_the_two_that_find_points_are_needed(
    part: str, theirs: KeypointGan, tmp_path: Path
) -> None:
    files = released(theirs, tmp_path, "G_A", "regressor")
    del files[part]
    with pytest.raises(UserError, match=rf"^{part} were not given\. Give the released"):
        weights.import_released(files, tmp_path / "ours.safetensors")
    assert not (tmp_path / "ours.safetensors").exists()


@pytest.mark.parametrize(
    ("content", "part"),
    [
        ("text", "G_A"), ("text", "D_A"), ("empty", "G_B"), ("missing", "regressor"),
        ("list", "G_A"), ("list", "regressor"), ("no tensors", "G_A"), ("scalars", "G_A"),
        ("scalars", "regressor"), *(("another network", part) for part in weights.PARTS),
    ],
)  # fmt: skip
def test_a_wrong_file_is_named(
    content: str, part: str, theirs: KeypointGan, tmp_path: Path
) -> None:
    files = released(theirs, tmp_path, *weights.PARTS)
    path = files[part] = tmp_path / "wrong.pth"
    if content == "text":
        path.write_text("no weights at all")
    elif content == "empty":
        path.touch()
    elif content == "list":
        torch.save([torch.ones(2)], path)
    elif content == "another network":
        torch.save(torch.nn.Linear(2, 3).state_dict(), path)
    elif content == "no tensors":
        torch.save({"epoch": 3}, path)
    elif content == "scalars":
        names = theirs.get_submodule(part).state_dict()
        torch.save({name: torch.tensor(1.0) for name in names}, path)
    with pytest.raises(UserError, match=r"wrong\.pth"):
        weights.import_released(files, tmp_path / "ours.safetensors")
    assert not (tmp_path / "ours.safetensors").exists()


def test_files_of_two_trainings_do_not_go_together(theirs: KeypointGan, tmp_path: Path) -> None:
    files = released(theirs, tmp_path, "regressor")
    files |= released(tiny_network(width=4), tmp_path, "G_A")
    with pytest.raises(UserError, match=r"net_G_A.*does not fit.*Choose the file of that network"):
        weights.import_released(files, tmp_path / "ours.safetensors")


def test_another_number_of_points_is_told(theirs: KeypointGan, tmp_path: Path) -> None:
    files = released(theirs, tmp_path, "G_A", "regressor")
    state = theirs.regressor.state_dict()
    state["model.24.weight"] = torch.ones(9, 16, 1, 1)
    torch.save(state, files["regressor"])
    with pytest.raises(UserError, match=r"net_regressor\.pth has 9 points; the skeletons.* 32, 13"):
        weights.import_released(files, tmp_path / "ours.safetensors")


def test_a_part_that_no_one_knows_is_refused(theirs: KeypointGan, tmp_path: Path) -> None:
    files = released(theirs, tmp_path, "G_A", "regressor")
    files["G_C"] = files["G_A"]
    with pytest.raises(UserError, match="G_C is no network of a KeypointGAN"):
        weights.import_released(files, tmp_path / "ours.safetensors")


@pytest.mark.parametrize("key", ["state_dict", "model", None])
def test_checkpoints_may_be_wrapped(key: str | None, theirs: KeypointGan, tmp_path: Path) -> None:
    files = released(theirs, tmp_path, "regressor")
    state = theirs.regressor.state_dict()
    torch.save(state if key is None else {key: state, "epoch": 3}, files["regressor"])
    tensors = read_tensors(files["regressor"])
    assert tensors.keys() == state.keys()
    assert all(torch.equal(tensors[name], value) for name, value in state.items())
