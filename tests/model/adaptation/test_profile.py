"""Profiles: what was learnt goes into a file and comes back, into the same network only."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from app.assets import WEIGHTS
from model.adaptation import Learnt, Pairs, PersonalizationSettings, Personalizer
from model.adaptation.personalizer import apply
from model.adaptation.profile import (
    ProfileBase,
    ProfileInfo,
    copy_profile,
    fitting_preset,
    load_profile,
    read_info,
    save_profile,
)
from model.core.errors import UserError
from model.ttp import weights
from tests.networks import small_network, small_perceptual_loss

BASE = ProfileBase.of(small_network(), "small", "1f" * 32)
NAME = "Änne / O’Neil 🤸"
TENSOR = "self_head.bias"


def images(count: int = 2, size: int = 64) -> torch.Tensor:
    coarse = torch.randn(count, 3, 8, 8, generator=torch.Generator().manual_seed(5))
    return torch.nn.functional.interpolate(coarse, size=size, mode="bilinear")


def personalizer(**settings: object) -> Personalizer:
    chosen = PersonalizationSettings(learning_rate=1e-3, **settings)  # type: ignore[arg-type]
    return Personalizer(small_network(), small_perceptual_loss(), chosen)


def learn(pupil: Personalizer, updates: int = 2) -> Learnt:
    for _ in range(updates):
        pupil.update(Pairs(images(), images().flip(0)))
    return pupil.learnt()


@pytest.fixture(scope="module")
def learnt() -> Learnt:
    return Learnt({TENSOR: torch.linspace(-1, 1, 30)}, 124)


@pytest.fixture
def file(tmp_path: Path, learnt: Learnt) -> Path:
    path = tmp_path / "person.safetensors"
    save_profile(path, NAME, learnt, BASE, "steady")
    return path


def rewrite(path: Path, **changes: str) -> None:
    """Write the file again with other metadata; an empty entry is left out."""
    with safe_open(path, "pt") as opened:
        tensors = {name: opened.get_tensor(name).clone() for name in opened.keys()}  # noqa: SIM118
        metadata = {**opened.metadata(), **changes}
    save_file(tensors, path, {name: value for name, value in metadata.items() if value})


@pytest.mark.parametrize(
    "settings", [{}, {"scope": "deconvolutions"}, {"average": 0.9}], ids=["all", "last", "average"]
)
def test_what_is_loaded_predicts_the_same_and_reset_goes_to_the_trained_weights(
    settings: dict[str, object], tmp_path: Path
) -> None:
    pupil = personalizer(**settings)
    trained = pupil.predict(images()).heatmaps
    save_profile(tmp_path / "p", NAME, learn(pupil), BASE, "")
    wanted = pupil.predict(images()).heatmaps
    assert (wanted - trained).abs().max() > 2e-5

    info, found = load_profile(tmp_path / "p", BASE)
    assert (info.name, info.updates) == (NAME, 2)
    other = personalizer(**settings)
    with torch.no_grad():
        other.network.self_head.weight.add_(1.0)  # of which nothing stays
    other.adopt(found)
    torch.testing.assert_close(other.predict(images()).heatmaps, wanted, rtol=0, atol=1e-6)
    assert other.updates == 2
    assert torch.equal(other.predict_as_trained(images()).heatmaps, trained)
    other.reset()
    assert torch.equal(other.predict(images()).heatmaps, trained)
    assert other.updates == 0

    network = small_network()
    apply(network, found)
    with torch.inference_mode():
        torch.testing.assert_close(network.pose(images()).heatmaps, wanted, rtol=0, atol=1e-6)


def test_the_profile_of_the_network_in_the_box_is_small_and_exact(tmp_path: Path) -> None:
    network = weights.load(WEIGHTS)
    base = ProfileBase.of(network, WEIGHTS.stem, "00")
    settings = PersonalizationSettings(
        learning_rate=2e-3, scope="deconvolutions", self_weight=0.0, consistency=1.0
    )
    pupil = Personalizer(network, small_perceptual_loss(), settings)
    pictures = images(1, network.spec.crop_size)
    trained = pupil.predict(pictures).heatmaps
    pupil.update(Pairs(pictures, pictures))
    wanted = pupil.predict(pictures).heatmaps
    assert (wanted - trained).abs().max() > 2e-5
    save_profile(tmp_path / "p", NAME, pupil.learnt(), base, "steady")
    assert (tmp_path / "p").stat().st_size < 3_000_000
    pupil.adopt(load_profile(tmp_path / "p", base)[1])
    torch.testing.assert_close(pupil.predict(pictures).heatmaps, wanted, rtol=0, atol=1e-6)


def test_a_profile_says_what_it_is(file: Path) -> None:
    info = read_info(file)
    assert info == ProfileInfo(NAME, "small", BASE.sha256, 124, "steady", info.created)
    assert info.created.endswith("+00:00")
    with safe_open(file, "pt") as opened:
        assert opened.metadata()["version"] == "1"
        assert list(opened.keys()) == [TENSOR]


def test_what_did_not_change_takes_no_room() -> None:
    pupil = personalizer()
    assert pupil.learnt() == Learnt({}, 0)


def test_nothing_learnt_is_no_profile(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="Nothing has been learnt"):
        save_profile(tmp_path / "p", NAME, Learnt({}, 0), BASE, "")
    assert not list(tmp_path.iterdir())


def test_a_copy_has_another_name_and_the_same_content(
    file: Path, tmp_path: Path, learnt: Learnt
) -> None:
    copy_profile(file, tmp_path / "copy", "Bert")
    info, found = load_profile(tmp_path / "copy", BASE)
    assert info.name == "Bert" and info.created == read_info(file).created
    torch.testing.assert_close(found.changes, learnt.changes, rtol=0, atol=0)
    before = file.read_bytes()
    with pytest.raises(UserError, match="File exists"):
        copy_profile(tmp_path / "copy", file, "Bert", replace=False)
    assert file.read_bytes() == before


def flip_a_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(content)


def in_float16(path: Path) -> None:
    save_profile(path, NAME, Learnt({TENSOR: torch.ones(30).half()}, 1), BASE, "")


def not_finite(path: Path) -> None:
    save_profile(path, NAME, Learnt({TENSOR: torch.full((30,), torch.nan)}, 1), BASE, "")


def unknown_tensor(path: Path) -> None:
    save_profile(path, NAME, Learnt({"affinity.queries": torch.ones(3)}, 1), BASE, "")


def too_large(path: Path) -> None:
    size = BASE.largest_bytes // 4
    save_profile(path, NAME, Learnt({TENSOR: torch.full((size,), 1e-8)}, 1), BASE, "")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (Path.unlink, "There is no profile"),
        (lambda path: path.write_text("hello"), "damaged or no profile"),
        (lambda path: path.write_bytes(path.read_bytes()[:-8]), "damaged or no profile"),
        (lambda path: path.write_bytes(path.read_bytes()[:40]), "damaged or no profile"),
        (flip_a_bit, "its checksum is another"),
        (not_finite, "no usable numbers"),
        (in_float16, "no usable numbers"),
        (unknown_tensor, "affinity.queries does not fit"),
        (too_large, "is too large for a profile"),
        (lambda path: rewrite(path, format="ttp-1"), "is no profile of a person"),
        (lambda path: rewrite(path, version="2"), "newer version of this program"),
        (lambda path: rewrite(path, version="one"), "metadata is incomplete"),
        (lambda path: rewrite(path, updates=""), "metadata is incomplete"),
        (lambda path: rewrite(path, updates="0"), "0 updates were made"),
        (lambda path: rewrite(path, network_sha256="2f" * 32), "learnt with another network"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_refused_in_a_sentence(
    spoil: Callable[[Path], object], words: str, file: Path
) -> None:
    spoil(file)
    with pytest.raises(UserError) as refused:
        load_profile(file, BASE)
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


def test_weights_are_no_profile() -> None:
    with pytest.raises(UserError, match="is no profile of a person"):
        load_profile(WEIGHTS, BASE)


def test_a_preset_that_goes_on_with_a_profile_changes_all_that_it_changes(file: Path) -> None:
    info = read_info(file)
    assert fitting_preset(info, [TENSOR]).name == "steady"
    assert fitting_preset(info, [TENSOR, "reconstruction.renderer.x"]).name == "paper"


def test_what_the_settings_leave_alone_is_not_adopted() -> None:
    pupil = personalizer(scope="deconvolutions")
    with pytest.raises(ValueError, match="not among the parameters"):
        pupil.adopt(Learnt({"encoder.conv1.weight": torch.ones(64, 3, 7, 7)}, 1))
