"""A whole training: the files it leaves, going on exactly, and what it does not look at."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file

from app.assets import PERCEPTUAL_WEIGHTS, PERSON_MASK
from model.core.errors import UserError
from model.data.catalogue import Request
from model.data.masks import Masks
from model.data.records import BadDataError
from model.engine.metrics import read_log
from model.engine.run import TrainingResult
from model.keypointgan import job as job_module
from model.keypointgan import weights
from model.keypointgan.data import PosePrior
from model.keypointgan.job import KeypointGanJob, run_gan_training
from model.keypointgan.settings import PRESETS, KeypointGanSettings, KeypointGanSpec, gan_preset
from tests.model.data.layouts import write_penn_video
from tests.shards import write_shard

SPEC = KeypointGanSpec("penn13", size=32, width=4, discriminator_width=4, scales=1)
SETTINGS = KeypointGanSettings(
    steps=3, regressor_steps=2, batch_size=2, pool=3, window=3, look_every=2, checkpoint_every=2
)


def shards(path: Path) -> Request:
    return Request.parse(f"shards={path}")


@dataclass(frozen=True)
class Material:
    """Pictures of people, and poses of others."""

    images: Path
    prior: Path

    def job(self, out: Path, **changes: Any) -> KeypointGanJob:
        """A training of a few steps; ``changes`` may also name settings."""
        settings = {name: changes.pop(name) for name in list(changes) if hasattr(SETTINGS, name)}
        values: dict[str, Any] = {
            "spec": SPEC,
            "settings": dataclasses.replace(SETTINGS, **settings),
            "images": [shards(self.images)],
            "out": out,
            "perceptual": PERCEPTUAL_WEIGHTS,
            "prior": [shards(self.prior)],
            "device": "cpu",
            "quiet": True,
        }
        return KeypointGanJob(**{**values, **changes})


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Material:
    folder = tmp_path_factory.mktemp("material")
    return Material(
        write_shard(folder / "people.npz", people=3, frames=4),
        write_shard(folder / "prior.npz", people=2, frames=3, seed=1),
    )


@dataclass(frozen=True)
class Trained:
    job: KeypointGanJob
    result: TrainingResult


@pytest.fixture(scope="module")
def trained(material: Material, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """A whole run that measures on other people."""
    out = tmp_path_factory.mktemp("run") / "gan"
    job = material.job(out, steps=10, validation=[shards(material.prior)])
    return Trained(job, run_gan_training(job))


def changed(path: Path, out: Path, change: Callable[[dict[str, NDArray[Any]]], None]) -> Path:
    """A copy of a shard with other arrays."""
    with np.load(path) as file:
        arrays = dict(file)
    change(arrays)
    np.savez(out, **arrays)
    return out


def unlabelled(rows: Sequence[int] | slice) -> Callable[[dict[str, NDArray[Any]]], None]:
    def change(arrays: dict[str, NDArray[Any]]) -> None:
        arrays["joints"][rows] = np.nan
        arrays["visible"][rows] = 0

    return change


def damaged(*rows: int) -> Callable[[dict[str, NDArray[Any]]], None]:
    def change(arrays: dict[str, NDArray[Any]]) -> None:
        for row in rows:
            start, stop = arrays["offset"][row : row + 2]
            arrays["jpeg"][start:stop] = 0

    return change


def state(out: Path) -> dict[str, torch.Tensor]:
    """All tensors of a run's checkpoint: networks, optimisers, running means, pools."""
    found: dict[str, torch.Tensor] = {}

    def collect(value: object, name: str) -> None:
        if isinstance(value, torch.Tensor):
            found[name] = value
        elif isinstance(value, dict):
            for key, inner in value.items():
                collect(inner, f"{name}/{key}")
        elif isinstance(value, (list, tuple)):
            for number, inner in enumerate(value):
                collect(inner, f"{name}/{number}")

    collect(torch.load(out / "checkpoint.pt", weights_only=True)["state"], "")
    assert len(found) > 200
    return found


def differing(a: Path, b: Path) -> list[str]:
    """Names of tensors that are not the same in two runs, bit for bit."""
    one, other = state(a), state(b)
    assert one.keys() == other.keys()
    return [name for name in one if not torch.equal(one[name], other[name])]


def test_a_run_leaves_its_network_pictures_and_record(trained: Trained) -> None:
    out, result = trained.job.out, trained.result
    assert (result.steps, result.finished, result.weights) == (10, True, out / "last.safetensors")
    names = {path.name for path in out.iterdir()}
    assert names >= {
        "last.safetensors", "panel.png", "log.csv", "curves.png", "run.json", "checkpoint.pt",
        "regressor",
    }  # fmt: skip
    assert not [name for name in names if name.endswith(".part")]
    assert weights.load(result.weights).spec == SPEC
    rows = read_log(out / "log.csv")
    assert {row.name for row in rows} >= {
        "loss/adversarial", "loss/reconstruction", "loss/discriminator", "loss/regressor",
        "error/prior", "error/prior, either side",
    }  # fmt: skip
    assert [row.step for row in rows if row.name == "error/prior"] == [2, 4, 6, 8, 10]
    assert np.isfinite([row.value for row in rows]).all()


def test_a_run_says_what_it_was_made_of(trained: Trained) -> None:
    told = json.loads((trained.job.out / "run.json").read_text())
    assert told["images"] == "shards=people.npz"
    assert told["pictures"] == "12"
    assert told["prior"] == "6 poses: prior"
    assert json.loads(told["settings"]) == dataclasses.asdict(trained.job.settings)
    metadata = weights.read_metadata(trained.result.weights)
    assert metadata["steps"] == "10" and metadata["prior"] == told["prior"]
    last = [r for r in read_log(trained.job.out / "log.csv") if r.name == "error/prior"][-1]
    assert float(metadata["error/prior"]) == pytest.approx(last.value, abs=6e-4)


def test_the_panel_shows_the_measured_people_with_their_labels(
    trained: Trained, material: Material, tmp_path: Path
) -> None:
    labelled = cv2.imread(str(trained.job.out / "panel.png"))
    run_gan_training(material.job(tmp_path, regressor=trained.result.weights, steps=1))
    bare = cv2.imread(str(tmp_path / "panel.png"))
    assert labelled is not None and bare is not None
    assert labelled.std() > 20 and bare.std() > 20
    # Two people were measured, three are learnt from.
    assert labelled.shape[0] < bare.shape[0] and labelled.shape[1] == bare.shape[1]


def test_the_regressor_learns_first_and_is_remembered(trained: Trained) -> None:
    first = torch.load(trained.job.out / "regressor" / "checkpoint.pt", weights_only=True)
    assert first["step"] == 2
    kept = weights.load(trained.result.weights)
    for name, value in first["state"]["regressor"].items():
        assert torch.equal(kept.offline_regressor.state_dict()[name], value.half().float()), name
    last, offline = (r.state_dict() for r in (kept.regressor, kept.offline_regressor))
    assert any(not torch.equal(last[name], offline[name]) for name in last)


def test_a_run_in_a_folder_that_has_one_is_refused(trained: Trained) -> None:
    with pytest.raises(UserError, match="holds a run already"):
        run_gan_training(trained.job)
    other = dataclasses.replace(
        trained.job,
        resume=True,
        settings=dataclasses.replace(trained.job.settings, batch_size=3),
    )
    with pytest.raises(UserError, match="has batch_size = 2, but 3 was given"):
        run_gan_training(other)


def test_a_finished_run_that_is_resumed_is_left_as_it_is(trained: Trained) -> None:
    before = trained.result.weights.stat().st_mtime_ns
    assert run_gan_training(dataclasses.replace(trained.job, resume=True)) == trained.result
    assert trained.result.weights.stat().st_mtime_ns == before


class After:
    """Asks to stop after so many questions."""

    def __init__(self, times: int) -> None:
        self.left = times

    def __call__(self) -> bool:
        self.left -= 1
        return self.left < 0


@pytest.fixture(scope="module")
def straight(material: Material, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run of three steps."""
    out = tmp_path_factory.mktemp("straight")
    run_gan_training(material.job(out))
    return out


def test_a_run_goes_on_to_the_same_bits(material: Material, straight: Path, tmp_path: Path) -> None:
    halted = run_gan_training(material.job(tmp_path), After(1))
    assert (halted.steps, halted.finished) == (0, False)
    assert not (tmp_path / "checkpoint.pt").exists()
    halted = run_gan_training(material.job(tmp_path, resume=True, until=1))
    assert (halted.steps, halted.finished) == (1, False)
    result = run_gan_training(material.job(tmp_path, resume=True))
    assert (result.steps, result.finished) == (3, True)
    assert differing(straight, tmp_path) == []
    one, other = (load_file(folder / "last.safetensors") for folder in (straight, tmp_path))
    assert one.keys() == other.keys()
    assert [name for name in one if not torch.equal(one[name], other[name])] == []


def test_a_stopped_run_leaves_its_network_too(material: Material, tmp_path: Path) -> None:
    result = run_gan_training(material.job(tmp_path, regressor_steps=0), After(2))
    assert result.steps == 1
    assert result.weights.is_file()


def test_no_label_of_a_picture_is_learnt_from(
    material: Material, straight: Path, tmp_path: Path
) -> None:
    blind = changed(material.images, tmp_path / "people.npz", unlabelled(slice(None)))
    run_gan_training(dataclasses.replace(material, images=blind).job(tmp_path / "run"))
    assert differing(straight, tmp_path / "run") == []


def test_pictures_and_poses_are_learnt_from(
    material: Material, straight: Path, tmp_path: Path
) -> None:
    other = write_shard(tmp_path / "people.npz", people=3, frames=4, seed=5)
    run_gan_training(dataclasses.replace(material, images=other).job(tmp_path / "a"))
    assert differing(straight, tmp_path / "a")
    other = write_shard(tmp_path / "prior.npz", people=2, frames=3, seed=6)
    run_gan_training(dataclasses.replace(material, prior=other).job(tmp_path / "b"))
    assert differing(straight, tmp_path / "b")


SECOND_HALVES = [4 * person + frame for person in range(3) for frame in (2, 3)]
FIRST_HALVES = [4 * person + frame for person in range(3) for frame in (0, 1)]


def test_without_a_prior_pictures_are_first_halves_and_poses_second_ones(
    material: Material, tmp_path: Path
) -> None:
    run_gan_training(material.job(tmp_path / "a", prior=[]))
    told = json.loads((tmp_path / "a" / "run.json").read_text())
    assert told["pictures"] == "6" and told["prior"] == "6 poses: people"

    def spoilt(arrays: dict[str, NDArray[Any]]) -> None:
        unlabelled(FIRST_HALVES)(arrays)
        damaged(*SECOND_HALVES)(arrays)

    path = changed(material.images, tmp_path / "people.npz", spoilt)
    run_gan_training(material.job(tmp_path / "b", prior=[], images=[shards(path)]))
    assert differing(tmp_path / "a", tmp_path / "b") == []


def test_a_small_prior_is_drawn_once(material: Material, tmp_path: Path) -> None:
    job = material.job(tmp_path, prior_size=2, regressor_steps=0, steps=1)
    run_gan_training(job)
    assert weights.read_metadata(tmp_path / "last.safetensors")["prior"] == ("2 poses: 2 of prior")
    with pytest.raises(UserError, match=r"has prior = .*2 of prior.*3 of prior"):
        run_gan_training(dataclasses.replace(job, prior_size=3, resume=True))


def test_a_trained_regressor_spares_its_training(
    trained: Trained, material: Material, tmp_path: Path
) -> None:
    job = material.job(tmp_path, regressor=trained.result.weights, finetune_regressor=False)
    result = run_gan_training(dataclasses.replace(job, until=1))
    assert not (tmp_path / "regressor").exists()
    given, taken = weights.load(trained.result.weights), weights.load(result.weights)
    for name, value in given.offline_regressor.state_dict().items():
        assert torch.equal(taken.regressor.state_dict()[name], value)
        assert torch.equal(taken.offline_regressor.state_dict()[name], value)


def test_a_regressor_of_another_network_is_a_sentence(
    trained: Trained, material: Material, tmp_path: Path
) -> None:
    spec = dataclasses.replace(SPEC, width=8)
    with pytest.raises(UserError, match=r"a regressor for penn13 of width 4; .* of width 8\."):
        run_gan_training(material.job(tmp_path, spec=spec, regressor=trained.result.weights))


def test_a_prior_of_other_points_is_a_sentence(material: Material, tmp_path: Path) -> None:
    spec = dataclasses.replace(SPEC, skeleton_name="cat7")
    with pytest.raises(UserError, match=r"No joint of prior \(penn13\) is one of cat7"):
        run_gan_training(material.job(tmp_path, spec=spec))


def test_a_regressor_that_is_not_there_is_a_sentence(material: Material, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="There is no weight file"):
        run_gan_training(material.job(tmp_path, regressor=tmp_path / "nothing.safetensors"))


def test_people_kept_aside_are_measured_and_not_learnt_from(
    tmp_path: Path, material: Material
) -> None:
    images = write_shard(tmp_path / "people.npz", people=12, frames=2)
    job = dataclasses.replace(material, images=images).job(
        tmp_path / "run", aside=0.3, steps=1, regressor_steps=0
    )
    run_gan_training(job)
    left = int(json.loads((job.out / "run.json").read_text())["pictures"])
    assert 0 < left < 24 and left % 2 == 0
    assert {row.name for row in read_log(job.out / "log.csv")} == {
        "error/people aside", "error/people aside, either side",
    }  # fmt: skip


def test_damaged_pictures_stop_the_run_or_are_skipped(
    material: Material, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    # Only the first frames: the panel is of the middle ones and the last.
    path = changed(material.images, tmp_path / "people.npz", damaged(0, 1, 4, 5, 8, 9))
    chosen = dataclasses.replace(material, images=path)
    with pytest.raises(BadDataError, match=r"people\.npz is damaged"):
        run_gan_training(chosen.job(tmp_path / "a", regressor_steps=0))
    result = run_gan_training(chosen.job(tmp_path / "b", regressor_steps=0, skip_bad=True))
    assert result.finished and result.weights.is_file()
    assert "is damaged" in caplog.text


def test_a_damaged_picture_in_the_panel_does_not_cost_the_network(
    material: Material, tmp_path: Path
) -> None:
    path = changed(material.images, tmp_path / "people.npz", damaged(2))
    chosen = dataclasses.replace(material, images=path)
    result = run_gan_training(chosen.job(tmp_path / "run", regressor_steps=0, skip_bad=True))
    assert result.finished
    assert result.weights.is_file()


def test_people_without_labels_do_not_cost_the_network(material: Material, tmp_path: Path) -> None:
    path = changed(material.images, tmp_path / "people.npz", unlabelled(slice(None)))
    job = material.job(tmp_path / "run", regressor_steps=0, validation=[shards(path)])
    result = run_gan_training(job)
    assert result.finished
    assert result.weights.is_file()


def test_presets_are_what_they_say() -> None:
    paper = gan_preset("paper")
    assert (
        KeypointGanSpec(**paper.spec) == KeypointGanSpec()
        and KeypointGanSettings(**paper.settings) == KeypointGanSettings()
    )
    small = gan_preset("small")
    spec, settings = KeypointGanSpec(**small.spec), KeypointGanSettings(**small.settings)
    assert (spec.size, spec.width, settings.batch_size, settings.precision) == (
        64, KeypointGanSpec().width // 2, 8, "bfloat16",
    )  # fmt: skip
    with pytest.raises(UserError, match=f"no KeypointGAN preset 'tiny'.*{', '.join(PRESETS)}"):
        gan_preset("tiny")


def test_a_training_goes_on_from_other_weights_on_masked_pictures(
    trained: Trained, material: Material, tmp_path: Path
) -> None:
    spec = dataclasses.replace(SPEC, mask="person")
    masks = Masks(PERSON_MASK, tmp_path / "masks")
    before = load_file(trained.result.weights)

    result = run_gan_training(
        material.job(tmp_path / "on", spec=spec, start=trained.result.weights, masks=masks, steps=1)
    )

    assert weights.load(result.weights).spec == spec
    after = load_file(result.weights)
    moved = [name for name in before if not torch.equal(before[name], after[name])]
    assert moved and all(
        torch.allclose(before[name].float(), after[name].float(), atol=0.05)
        for name in moved
        if name.startswith("G_A") and name.endswith("weight")
    )
    assert len(list((tmp_path / "masks").glob("*.npy"))) == 1
    assert not (tmp_path / "on" / "regressor").exists()  # it is in the weights


def test_weights_of_other_networks_are_no_start(
    trained: Trained, material: Material, tmp_path: Path
) -> None:
    spec = dataclasses.replace(SPEC, width=8)
    with pytest.raises(UserError, match="Start from weights of the same networks"):
        run_gan_training(material.job(tmp_path / "on", spec=spec, start=trained.result.weights))


def test_a_training_goes_on_from_another_runs_checkpoint_with_all_that_was_learnt(
    trained: Trained, material: Material, tmp_path: Path
) -> None:
    start = trained.job.out / "checkpoint.pt"
    before = torch.load(start, weights_only=True)["state"]
    run_gan_training(material.job(tmp_path / "on", start=start, steps=1))
    after = torch.load(tmp_path / "on" / "checkpoint.pt", weights_only=True)["state"]
    for name in ("generators", "discriminators", "regressor"):
        steps = [state["adams"][name]["state"][0]["step"] for state in (before, after)]
        assert int(steps[1]) == int(steps[0]) + 1, name
    judged = [name for name in before["network"] if name.startswith("D_A") and "weight" in name]
    assert judged and all(
        torch.allclose(before["network"][name], after["network"][name], atol=0.01)
        for name in judged
    )
    spec = dataclasses.replace(SPEC, width=8)
    with pytest.raises(UserError, match="does not belong to this network and its settings"):
        run_gan_training(material.job(tmp_path / "other", spec=spec, start=start))
    (tmp_path / "bad.pt").write_bytes(b"no checkpoint")
    with pytest.raises(UserError, match="not a checkpoint of this program"):
        run_gan_training(material.job(tmp_path / "bad", start=tmp_path / "bad.pt"))


@pytest.mark.parametrize("prior", [None, "penn", "penn-poses"])
def test_pictures_and_poses_of_penn_action_are_of_different_videos(
    prior: str | None, tmp_path: Path
) -> None:
    """As published, of each action one half gives pictures and the other poses."""
    boxes = np.tile([2.0, 2, 22, 22], (2, 1))
    for number in range(1, 5):
        joints = np.random.default_rng(number).uniform(4, 20, (2, 13, 2))
        write_penn_video(tmp_path, number, joints, np.ones((2, 13), np.uint8), boxes, train=True)
    penn = Request.parse(f"penn={tmp_path}")
    chosen = [] if prior is None else [Request.parse(f"{prior}={tmp_path}")]
    job = KeypointGanJob(
        spec=SPEC,
        settings=SETTINGS,
        images=[penn],
        out=tmp_path / "out",
        perceptual=PERCEPTUAL_WEIGHTS,
        prior=chosen,
        quiet=True,
    )
    material = job_module._material(job)
    assert [clip.name for clip in material.pictures[0]] == ["0001", "0002"]
    assert len(material.prior) == 4
    whole = Request.parse(f"penn={tmp_path}").read_half("second")
    expected = PosePrior.of(whole if prior != "penn-poses" else chosen[0].read_half("second"))
    np.testing.assert_allclose(material.prior.points, expected.points)
