from __future__ import annotations

from pathlib import Path
from urllib.error import URLError

import pytest
import torch
import torchvision
from safetensors.torch import save_file

from model.core.errors import UserError
from model.ttp.networks import NetworkSpec, PoseNetwork
from model.ttp.networks.pretrained import TORCHVISION, load_imagenet
from tests.networks import small_network


def _resnet_state(backbone: str) -> dict[str, torch.Tensor]:
    torch.manual_seed(5)
    return dict(getattr(torchvision.models, backbone)(weights=None).state_dict())


def test_a_file_fills_the_resnet_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "resnet18.safetensors"
    state = {n: v.half() for n, v in _resnet_state("resnet18").items() if not n.startswith("fc.")}
    save_file(state, path)
    network = small_network(backbone="resnet18")
    state_before = {n: v.clone() for n, v in network.state_dict().items()}

    load_imagenet(network, str(path))

    torch.testing.assert_close(
        network.encoder.layer4[1].conv2.weight, state["layer4.1.conv2.weight"].float()
    )
    name = "encoder.deconv.0.weight"
    assert torch.equal(network.state_dict()[name], state_before[name])


def test_the_real_weights_fit(shared_dir: Path) -> None:
    from model.ttp.networks import NetworkSpec, PoseNetwork

    network = PoseNetwork(NetworkSpec(backbone="resnet34"))
    before = network.encoder.conv1.weight.clone()

    load_imagenet(network, str(shared_dir / "weights" / "resnet34-imagenet-fp16.safetensors"))

    assert not torch.equal(network.encoder.conv1.weight, before)


def test_weights_of_another_backbone_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "resnet34.safetensors"
    save_file({"conv1.weight": torch.zeros(64, 3, 7, 7)}, path)

    with pytest.raises(UserError, match="do not fit resnet18"):
        load_imagenet(small_network(backbone="resnet18"), str(path))
    path.write_bytes(b"nothing")
    with pytest.raises(UserError, match="not a whole safetensors file"):
        load_imagenet(small_network(backbone="resnet18"), str(path))


def test_without_a_network_the_download_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def offline(*, weights: str) -> None:
        raise URLError("no route to host")

    network = small_network(backbone="resnet18")
    monkeypatch.setattr(torchvision.models, "resnet18", offline)

    with pytest.raises(UserError, match="--imagenet FILE"):
        load_imagenet(network, TORCHVISION)


@pytest.mark.parametrize("backbone", ["resnet18", "resnet50"])
def test_torchvisions_first_weights_are_downloaded(
    backbone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    make = getattr(torchvision.models, backbone)

    def download(*, weights: str) -> torch.nn.Module:
        asked.append(weights)
        module: torch.nn.Module = make(weights=None)
        return module

    network = PoseNetwork(NetworkSpec("baseline", backbone))
    monkeypatch.setattr(torchvision.models, backbone, download)
    load_imagenet(network, TORCHVISION)

    assert asked == ["IMAGENET1K_V1"]


def test_there_are_none_of_the_mini_resnet() -> None:
    with pytest.raises(UserError, match=r"no weights of resnet-mini.*--backbone"):
        load_imagenet(small_network(), TORCHVISION)
