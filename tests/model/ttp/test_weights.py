"""Weight files: what is written comes back, and what is no weight file is told in a sentence."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

import model
from app.assets import WEIGHTS
from model.core.crop import CENTRE_SHIFT
from model.core.errors import UserError
from model.core.weights import read_metadata
from model.ttp.networks import VARIANTS, NetworkSpec, PoseNetwork, Variant
from model.ttp.weights import read_spec
from tests.networks import SMALL_BACKBONES, small_network

DESCRIPTION = {
    "format": "ttp-1",
    "variant": "baseline",
    "backbone": "resnet-mini",
    "joints": "bbc7",
    "k_self": "30",
    "channel_order": "rgb",
    "crop_shift": "0.0",
    "mask": "none",
    "rebuilt": "128",
}


@pytest.fixture(scope="module")
def network() -> PoseNetwork:
    return small_network("baseline", joints="bbc7", rebuilt=128)


@pytest.fixture
def saved(network: PoseNetwork, tmp_path: Path) -> Path:
    path = tmp_path / "weights.safetensors"
    model.save(path, network, half=True)
    return path


def state(network: PoseNetwork) -> dict[str, Tensor]:
    return {n: v for n, v in network.state_dict().items() if "num_batches" not in n}


@pytest.mark.parametrize("backbone", SMALL_BACKBONES)
@pytest.mark.parametrize("variant", VARIANTS)
def test_what_is_saved_comes_back_bit_for_bit(
    variant: Variant, backbone: str, tmp_path: Path
) -> None:
    network = small_network(variant, backbone=backbone)
    network.train().to(memory_format=torch.channels_last)
    path = tmp_path / "new folder" / "weights.safetensors"
    model.save(path, network)
    assert list(path.parent.iterdir()) == [path]

    loaded = model.load(str(path), device="cpu", variant=variant)
    assert loaded.spec == network.spec
    assert not any(module.training for module in loaded.modules())
    found, wanted = state(loaded), state(network)
    assert found.keys() == wanted.keys()
    assert all(torch.equal(found[name], wanted[name]) for name in wanted)


def test_half_is_half_the_size_and_loads_as_float32(
    network: PoseNetwork, saved: Path, tmp_path: Path
) -> None:
    whole = tmp_path / "whole.safetensors"
    model.save(whole, network)
    assert saved.stat().st_size == pytest.approx(whole.stat().st_size / 2, rel=0.01)
    found, wanted = state(model.load(saved)), state(network)
    assert {value.dtype for value in found.values()} == {torch.float32}
    assert all(torch.equal(found[name], wanted[name].half().float()) for name in wanted)


def test_metadata_says_what_the_file_is(network: PoseNetwork, tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    model.save(path, network, {"license": "Apache-2.0", "variant": "cannot be overruled"})
    assert read_metadata(path) == {**DESCRIPTION, "license": "Apache-2.0"}


@pytest.mark.parametrize("shift", [0.0, CENTRE_SHIFT, 0.1])
def test_the_crops_shift_comes_back(shift: float, tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    model.save(path, PoseNetwork(NetworkSpec("baseline", "resnet18", crop_shift=shift)))
    assert model.load(path).spec.crop_shift == shift
    assert read_spec(path) == NetworkSpec("baseline", "resnet18", crop_shift=shift)


@pytest.mark.parametrize(("more", "shift"), [({}, 0.0), ({"imported_from": "a.pth"}, 0.075)])
def test_older_files_without_a_shift_have_their_makers(
    more: dict[str, str], shift: float, saved: Path
) -> None:
    metadata = {k: v for k, v in read_metadata(saved).items() if k != "crop_shift"}
    save_file(load_file(saved), saved, {**metadata, **more})
    assert model.load(saved).spec.crop_shift == shift


def test_the_embedded_weights_open() -> None:
    network = model.load(WEIGHTS, variant="transformer")
    assert (network.spec.backbone, network.spec.joints) == ("movenet-thunder", "penn13")
    assert network.spec.crop_shift == 0
    assert all(value.isfinite().all() for value in state(network).values())


def test_a_failed_save_keeps_the_older_file(
    network: PoseNetwork, saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = saved.read_bytes()

    def fill_the_disk(path: Path, content: bytes) -> int:
        with path.open("wb") as file:
            file.write(content[: len(content) // 2])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", fill_the_disk)
    with pytest.raises(UserError, match="No space left on device"):
        model.save(saved, network)
    assert saved.read_bytes() == before
    assert list(saved.parent.iterdir()) == [saved]


def test_another_variant_is_refused_by_its_name(saved: Path) -> None:
    with pytest.raises(UserError, match=r"'Baseline' \(baseline\), but 'transformer' is needed"):
        model.load(saved, variant="transformer")


@pytest.mark.parametrize("keep", [0, 7, 100, 5000, -1])
def test_a_truncated_file_is_told_so(saved: Path, keep: int) -> None:
    content = saved.read_bytes()
    saved.write_bytes(content[:keep])
    for read in (model.load, read_metadata):
        with pytest.raises(UserError, match=r"weights\.safetensors .* may be truncated"):
            read(saved)


@pytest.mark.parametrize("name", ["missing.safetensors", "."])
def test_a_missing_file_is_told_so(name: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="There is no weight file"):
        model.load(tmp_path / name)


def test_foreign_safetensors_are_told_to_be_converted(tmp_path: Path) -> None:
    path = tmp_path / "other.safetensors"
    save_file({"pose_net.conv1.weight": torch.zeros(2)}, path)
    with pytest.raises(UserError, match=r"does not say .* import-weights other\.safetensors"):
        model.load(path)


def test_a_pickle_is_no_weight_file(tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    torch.save({"a": torch.zeros(2)}, path)
    with pytest.raises(UserError, match="import-weights"):
        model.load(path)


@pytest.mark.parametrize("key", ["variant", "backbone", "joints", "k_self", "channel_order"])
def test_incomplete_metadata_is_refused(key: str, tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    save_file({"a": torch.zeros(1)}, path, {k: v for k, v in DESCRIPTION.items() if k != key})
    with pytest.raises(UserError, match=rf"incomplete metadata.*{key}"):
        model.load(path)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("variant", "other"),
        ("backbone", "resnet9"),
        ("joints", "hands"),
        ("k_self", "many"),
        ("k_self", "-3"),
        ("channel_order", "hsv"),
        ("crop_shift", "half"),
        ("crop_shift", "0.6"),
        ("crop_shift", "nan"),
    ],
)
def test_impossible_metadata_is_refused(key: str, value: str, tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    save_file({"a": torch.zeros(1)}, path, {**DESCRIPTION, key: value})
    with pytest.raises(UserError, match=value):
        model.load(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t, m: t.pop("encoder.conv1.weight"), "1 tensors are missing, 0 unknown, 0 of"),
        (lambda t, m: t.update(extra=torch.zeros(1)), "0 tensors are missing, 1 unknown, 0 of"),
        (
            lambda t, m: t.update({"supervised_head.bias": torch.zeros(9)}),
            r"0 unknown, 1 of another shape \(first: supervised_head.bias\)",
        ),
        (lambda t, m: m.update(variant="transformer"), "does not fit .* 'Transformer"),
        (lambda t, m: m.update(backbone="resnet50"), "does not fit .* with resnet50"),
        (lambda t, m: m.update(joints="penn13"), "2 of another shape"),
    ],
)
def test_tensors_that_do_not_fit_are_counted(
    change: Callable[[dict[str, Tensor], dict[str, str]], None], message: str, saved: Path
) -> None:
    tensors, metadata = load_file(saved), read_metadata(saved)
    change(tensors, metadata)
    save_file(tensors, saved, metadata)
    with pytest.raises(UserError, match=message):
        model.load(saved)


class Mischief:
    """Makes a file when it is unpickled without care."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, (str(self.mark),)


@pytest.mark.parametrize("how", ["torch", "pickle"])
def test_code_in_a_checkpoint_is_not_run(how: str, tmp_path: Path) -> None:
    mark, path = tmp_path / "harm", tmp_path / "authors.pth"
    content = {"pose_net.conv1.weight": torch.zeros(1), "extra": Mischief(mark)}
    if how == "torch":
        torch.save(content, path)
    else:
        path.write_bytes(pickle.dumps(content))
    with pytest.raises(UserError, match="more than weights"):
        model.import_authors(path, tmp_path / "ours.safetensors")
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"This is a text file.\n",
        b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
        b"\xff\xd8\xff\xe0\x00\x10JFIF",
        b"\x80\x02]q\x00.",
        b"PK\x03\x04 no archive",
        bytes(1000),
    ],
    ids=["empty", "text", "png", "jpeg", "list", "zip", "zeros"],
)
@pytest.mark.parametrize("suffix", ["pth", "safetensors"])
def test_what_is_no_checkpoint_is_refused(content: bytes, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"authors.{suffix}"
    path.write_bytes(content)
    with pytest.raises(UserError, match=rf"authors\.{suffix} (cannot be read|is no checkpoint)"):
        model.import_authors(path, tmp_path / "ours.safetensors")
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("zipped", [True, False])
def test_a_truncated_checkpoint_is_refused(zipped: bool, tmp_path: Path) -> None:
    path = tmp_path / "authors.pth"
    content = {"pose_net.conv1.weight": torch.zeros(64, 3, 7, 7)}
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    whole = path.read_bytes()
    for share in (0.01, 0.1, 0.5, 0.9, 0.999):
        path.write_bytes(whole[: int(share * len(whole))])
        with pytest.raises(UserError, match=r"authors\.pth cannot be read .* truncated"):
            model.import_authors(path, tmp_path / "ours.safetensors")


@pytest.mark.parametrize("link", [False, True])
def test_the_checkpoint_itself_is_never_overwritten(link: bool, tmp_path: Path) -> None:
    path = tmp_path / "authors.pth"
    torch.save({"pose_net.conv1.weight": torch.zeros(1)}, path)
    before = path.read_bytes()
    target = path
    if link:
        target = tmp_path / "link.pth"
        target.hardlink_to(path)
    with pytest.raises(UserError, match="never overwritten"):
        model.import_authors(path, target)
    assert path.read_bytes() == before


def test_what_is_rebuilt_comes_back_and_older_files_rebuild_everything(tmp_path: Path) -> None:
    path = tmp_path / "masked.safetensors"
    spec = NetworkSpec("keypoint", "resnet18", mask="person", rebuilt=64)
    model.save(path, PoseNetwork(spec))
    assert model.load(path).spec == spec and model.load(path).spec.masked
    metadata = {k: v for k, v in read_metadata(path).items() if k not in ("mask", "rebuilt")}
    save_file(load_file(path), path, metadata)
    assert read_spec(path) == NetworkSpec("keypoint", "resnet18")
