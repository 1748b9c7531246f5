"""The released implementation's own outputs, from its own checkpoints."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

import model
from model.adaptation import Pairs, Personalizer
from model.core.errors import UserError
from model.ttp.networks import NetworkOutput, NetworkSpec, PoseNetwork, Variant
from model.ttp.weights import convert, describe, read_checkpoint
from tests.networks import perceptual_loss
from tests.released import filled, image, recorded_shapes, released_shapes

Reference = dict[str, NDArray[np.float32]]


@pytest.fixture(scope="module")
def reference(shared_dir: Path) -> Reference:
    with np.load(shared_dir / "reference" / "ttp-resnet18-13.npz") as file:
        return dict(file)


@pytest.fixture(scope="module")
def released(reference: Reference) -> dict[str, Tensor]:
    """The checkpoint that the reference vectors were computed with."""
    return filled(recorded_shapes(reference["names"], reference["shapes"]))


@pytest.fixture
def imported(released: dict[str, Tensor], tmp_path: Path) -> PoseNetwork:
    """That checkpoint as parallel training saves it, converted and loaded."""
    state = {f"module.{name}": value for name, value in released.items()}
    torch.save({"epoch": 140, "state_dict": state}, tmp_path / "authors.pth")
    spec = model.import_authors(tmp_path / "authors.pth", tmp_path / "ours.safetensors")
    assert spec == NetworkSpec("transformer", "resnet18", "penn13", 30, "bgr", 0.075)
    network = model.load(tmp_path / "ours.safetensors")
    assert network.spec == spec
    return network


def compared(output: NetworkOutput) -> dict[str, Tensor]:
    """The samples of an output that the reference holds."""
    assert output.reconstruction is not None
    assert output.self_heatmaps is not None
    return {
        "recon": output.reconstruction[:, :, ::4, ::4],
        "self_heatmaps": output.self_heatmaps[:, :, ::2, ::2],
        "heatmaps": output.heatmaps[:, :, ::2, ::2],
    }


def test_forward_loss_and_three_updates(imported: PoseNetwork, reference: Reference) -> None:
    source, target = image(1, 4), image(2, 1).repeat(4, 1, 1, 1)
    with torch.inference_mode():
        before = compared(imported(target, source))
    for name, found in before.items():
        wanted = reference[name]
        assert np.abs(found.numpy() - wanted).max() <= 1e-4 * np.abs(wanted).max(), name

    perceptual = perceptual_loss()
    personalizer = Personalizer(imported, perceptual)
    losses = [personalizer.update(Pairs(target, source)).loss for _ in range(3)]
    np.testing.assert_allclose(losses, reference["losses"], rtol=1e-4)
    np.testing.assert_allclose(perceptual.means, reference["running_means"], rtol=1e-4)

    with torch.inference_mode():
        after = compared(imported(target, source))
    for name, found in after.items():
        wanted = reference[f"{name}_after"]
        # Adam's first steps follow the signs of gradients, which rounding decides where they are
        # tiny: 2.5e-2 is what two runs of one program differ by.
        assert np.linalg.norm(found.numpy() - wanted) <= 5e-2 * np.linalg.norm(wanted), name
        assert not torch.equal(found, before[name])


def test_our_list_of_released_names_is_complete(released: dict[str, Tensor]) -> None:
    shapes = {name: tuple(value.shape) for name, value in released.items()}
    assert released_shapes("transformer", "resnet18", 13) == shapes


@pytest.mark.parametrize("backbone", ["resnet18", "resnet34", "resnet50"])
@pytest.mark.parametrize("variant", ["baseline", "keypoint", "transformer"])
@pytest.mark.parametrize(
    ("joints", "joint_set"), [(13, "penn13"), (7, "bbc7"), (16, "h36m16"), (5, "joints-5")]
)
def test_every_kind_is_recognised_and_fits(
    variant: Variant, backbone: str, joints: int, joint_set: str
) -> None:
    prefix = "pose_net." if variant == "baseline" else ""
    shapes = released_shapes(variant, backbone, joints)
    tensors = {f"{prefix}{n}": torch.empty(shape, device="meta") for n, shape in shapes.items()}
    spec = describe(tensors)
    assert spec == NetworkSpec(variant, backbone, joint_set, 30, "bgr", 0.075)
    assert describe(tensors, "rgb").channel_order == "rgb"
    with torch.device("meta"):
        network = PoseNetwork(spec)
    wanted = {
        name: value.shape
        for name, value in network.state_dict().items()
        if not name.endswith("num_batches_tracked")
    }
    assert {n: v.shape for n, v in convert(tensors, spec).items()} == wanted


@pytest.mark.parametrize("variant", ["baseline", "keypoint"])
def test_supervised_heads_are_imported(variant: Variant, tmp_path: Path) -> None:
    tensors = filled(released_shapes(variant, "resnet18", 7))
    prefix = "" if variant == "baseline" else "pose_net."
    torch.save(tensors, tmp_path / "authors.pth")
    model.import_authors(tmp_path / "authors.pth", tmp_path / "ours.safetensors", "rgb")
    network = model.load(tmp_path / "ours.safetensors", variant=variant)
    assert network.spec == NetworkSpec(variant, "resnet18", "bbc7", 30, "rgb", 0.075)
    head = network.supervised_head
    assert torch.equal(head.weight, tensors[f"{prefix}final_layer.weight"])
    assert head.bias is not None
    assert torch.equal(head.bias, tensors[f"{prefix}final_layer.bias"])
    deepest = network.encoder.layer4[1].conv2.weight
    assert torch.equal(deepest, tensors[f"{prefix}layer4.1.conv2.weight"])
    with torch.inference_mode():
        output = network(image(2, 1), image(1, 1))
    assert output.heatmaps.shape == (1, 7, 32, 32)
    assert (output.reconstruction is None) == (variant == "baseline")


@pytest.mark.parametrize("prefix", ["", "module."])
@pytest.mark.parametrize("key", [None, "state_dict", "best_state_dict", "model"])
@pytest.mark.parametrize("zipped", [True, False])
def test_checkpoints_may_be_wrapped(
    prefix: str, key: str | None, zipped: bool, tmp_path: Path
) -> None:
    state = {f"{prefix}pose_net.conv1.weight": torch.ones(2, 3), f"{prefix}other": torch.zeros(1)}
    content = state if key is None else {key: state, "epoch": 3, "optimizer": {"state": {}}}
    path = tmp_path / "authors.pth"
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    tensors = read_checkpoint(path)
    assert set(tensors) == {"pose_net.conv1.weight", "other"}
    assert torch.equal(tensors["pose_net.conv1.weight"], torch.ones(2, 3))


def test_another_networks_checkpoint_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "resnet.pth"
    torch.save({"conv1.weight": torch.ones(64, 3, 7, 7), "fc.weight": torch.ones(2, 2)}, path)
    with pytest.raises(UserError, match="neither the transformer's queries nor a supervised head"):
        model.import_authors(path, tmp_path / "ours.safetensors")
    assert list(tmp_path.iterdir()) == [path]


def test_a_checkpoint_with_a_part_missing_is_refused(tmp_path: Path) -> None:
    tensors = filled(released_shapes("baseline", "resnet18", 7))
    del tensors["deconv_layers.3.weight"]
    torch.save(tensors, tmp_path / "authors.pth")
    with pytest.raises(UserError, match=r"1 tensors are missing.*encoder\.deconv\.3\.weight"):
        model.import_authors(tmp_path / "authors.pth", tmp_path / "ours.safetensors")
    assert not (tmp_path / "ours.safetensors").exists()
