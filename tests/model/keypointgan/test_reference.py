"""The released networks' own outputs, from tensors of their names."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from model.keypointgan import weights
from model.keypointgan.networks import KeypointGan
from model.keypointgan.settings import KeypointGanSpec
from tests.released import filled, image, recorded_shapes

Reference = dict[str, NDArray[np.float32]]

PATCHES = (14, 6, 2)


@pytest.fixture(scope="module")
def reference(shared_dir: Path) -> Reference:
    with np.load(shared_dir / "reference" / "keypointgan.npz") as file:
        return dict(file)


@pytest.fixture(scope="module")
def released(reference: Reference) -> dict[str, Tensor]:
    """The tensors of all four networks, by the network's name and the released one."""
    return filled(recorded_shapes(reference["names"], reference["shapes"]))


@pytest.fixture(scope="module")
def network(released: dict[str, Tensor]) -> KeypointGan:
    network = KeypointGan(KeypointGanSpec())
    missing, unknown = network.load_state_dict(released, strict=False)
    assert not unknown
    assert {name.partition(".")[0] for name in missing} == {"offline_regressor"}
    return network.eval()


def assert_close(found: Tensor, wanted: NDArray[np.float32]) -> None:
    assert found.shape == wanted.shape
    assert np.abs(found.numpy() - wanted).max() <= 1e-4 * np.abs(wanted).max()


@torch.inference_mode()
def test_from_a_picture_to_its_points(network: KeypointGan, reference: Reference) -> None:
    translation = network.translate(image(1, 2))
    assert_close(translation.skeleton_image[:, :, ::4, ::4], reference["skeleton_image"])
    assert_close(network.regressor(translation.skeleton_image), reference["maps"])
    assert_close(translation.points, reference["points"])


@torch.inference_mode()
def test_from_points_to_a_picture(network: KeypointGan, reference: Reference) -> None:
    points = torch.rand(2, 32, 2, generator=torch.Generator().manual_seed(9)) * 1.6 - 0.8
    assert np.array_equal(points.numpy(), reference["prior_points"])
    rendered = network.draw(points)
    assert_close(rendered[:, :, ::2, ::2], reference["rendered"])
    reconstruction = network.G_B(rendered, image(2, 2))
    assert_close(reconstruction[:, :, ::4, ::4], reference["reconstruction"])
    for scale, patches in enumerate(network.D_A(rendered)):
        assert_close(patches, reference[f"patches_{scale}"])


def test_tensors_have_the_released_names(network: KeypointGan, reference: Reference) -> None:
    ours = [name for name in network.state_dict() if not name.startswith("offline_regressor.")]
    assert ours == list(reference["names"])


def test_networks_have_the_published_sizes() -> None:
    with torch.device("meta"):
        network = KeypointGan(KeypointGanSpec())

    def count(name: str) -> int:
        return sum(p.numel() for p in network.get_submodule(name).parameters())

    assert count("G_A") == 3_124_801
    assert count("G_B") == 4_825_635
    assert count("regressor") == count("offline_regressor") == 1_181_184
    for scale in range(3):
        assert count(f"D_A.net_{scale}") == 2_762_689
    assert count("D_A") == 3 * 2_762_689
    patches = network.D_A(torch.empty(1, 1, 128, 128, device="meta"))
    assert [tuple(p.shape) for p in patches] == [(1, 1, side, side) for side in PATCHES]


@pytest.mark.parametrize("prefix", ["", "module."])
@torch.inference_mode()
def test_the_authors_files_are_opened(
    prefix: str, network: KeypointGan, released: dict[str, Tensor], tmp_path: Path
) -> None:
    files = {}
    for part in weights.PARTS:
        files[part] = tmp_path / f"580000_net_{part}.pth"
        state = {
            prefix + name.removeprefix(f"{part}."): value
            for name, value in released.items()
            if name.startswith(f"{part}.")
        }
        torch.save(state, files[part])
    assert weights.import_released(files, tmp_path / "ours.safetensors") == KeypointGanSpec()
    opened = weights.load(tmp_path / "ours.safetensors")
    assert opened.spec == KeypointGanSpec() and not opened.training
    x, c = image(1, 1), image(2, 1)
    found, wanted = opened.translate(x), network.translate(x)
    assert torch.equal(found.skeleton_image, wanted.skeleton_image)
    assert torch.equal(found.points, wanted.points)
    assert torch.equal(opened.rebuild(found, c), network.rebuild(wanted, c))
    for a, b in zip(opened.D_A(found.clean), network.D_A(wanted.clean), strict=True):
        assert torch.equal(a, b)
    # The regressor of the file is also the one that tells left from right.
    maps = opened.offline_regressor(found.clean)
    assert torch.equal(maps, opened.regressor(found.clean))
