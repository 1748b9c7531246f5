"""The angle between the gradients of both losses, person by person."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from main import main
from model.adaptation import PersonalizationSettings
from model.adaptation.settings import Scope
from model.core.crop import heatmap_to_image
from model.core.errors import UserError
from model.core.heatmaps import decode
from model.data.records import BadDataError, DataSet
from model.data.shards import read_shards
from model.evaluation import gradients
from model.evaluation.gradients import AgreementReport, gradient_agreement
from model.tracking import PersonMasker
from model.ttp import weights
from model.ttp.networks import PoseNetwork
from model.ttp.prediction import crop_tensor
from tests.networks import small_network, small_perceptual_loss
from tests.shards import write_shard

SETTINGS = PersonalizationSettings(scope="deconvolutions")
SCOPES: tuple[Scope, Scope] = ("all", "features")
# To agree with what the network says of the picture and of its mirror image.
TAUGHT = replace(SETTINGS, self_weight=0.0, consistency=1.0, teacher="trained")


@pytest.fixture(autouse=True)
def few_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gradients, "_PAIRS", 2)


@pytest.fixture
def people(tmp_path: Path) -> DataSet:
    return read_shards([write_shard(tmp_path / "people.npz", people=2, frames=3)], "people")


def cosines(
    network: PoseNetwork, people: DataSet, settings: PersonalizationSettings = SETTINGS
) -> dict[str, float]:
    return gradient_agreement(network, small_perceptual_loss(), people, settings)


def labelled_by(network: PoseNetwork, people: DataSet, away: float = 0.0) -> DataSet:
    """The same people with the network's own answers for labels, moved by so many cells."""
    clips = []
    for clip in people:
        joints: list[NDArray[np.float64]] = []
        for index in range(len(clip)):
            box = clip.box(index)
            image = crop_tensor(clip.frames.read(index), box, network.spec)
            with torch.no_grad():
                points, _ = decode(network.pose(image).heatmaps)
            cells = points[0].numpy() + away
            joints.append(heatmap_to_image(cells, box, network.spec.heatmap_size))
        clips.append(replace(clip, joints=np.array(joints, np.float32)))
    return replace(people, clips=tuple(clips))


def test_each_person_has_a_cosine_and_the_network_stays(people: DataSet) -> None:
    network = small_network()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    heard: list[int] = []
    found = gradient_agreement(
        network, small_perceptual_loss(), people, SETTINGS, progress=heard.append
    )
    assert set(found) == set(people.persons) and heard == [1, 1]
    assert all(-1 <= cosine <= 1 for cosine in found.values())
    assert all(torch.equal(before[n], value) for n, value in network.state_dict().items())
    assert not network.training and all(p.grad is None for p in network.parameters())
    assert cosines(network, people) == pytest.approx(found, abs=1e-4)


def test_a_person_s_cosine_does_not_depend_on_who_came_before(people: DataSet) -> None:
    network = small_network()
    both = cosines(network, people)
    for person, cosine in both.items():
        assert cosines(network, people.only({person}))[person] == pytest.approx(cosine, abs=1e-4)


def test_a_task_that_teaches_what_the_labels_say_agrees_with_them(people: DataSet) -> None:
    network = small_network(backbone="resnet18")
    own, moved = labelled_by(network, people), labelled_by(network, people, away=8.0)
    assert min(cosines(network, own, TAUGHT).values()) > 0.7
    assert max(cosines(network, moved, TAUGHT).values()) < 0.4
    # Of random keypoints, what rebuilds the picture has nothing to do with the labels.
    assert max(map(abs, cosines(network, own).values())) < 0.4


def test_what_no_label_speaks_of_is_not_compared(people: DataSet) -> None:
    """With the renderer or without it, as it has a gradient of its own pictures only."""
    network = small_network(backbone="movenet-lightning")
    of_all, of_features = (
        cosines(network, people, replace(SETTINGS, scope=scope)) for scope in SCOPES
    )
    assert of_all == pytest.approx(of_features, abs=1e-4)


def test_labelled_frames_are_spread_over_all_of_the_person_s(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shard = write_shard(tmp_path / "people.npz", people=2, frames=40)
    chosen: list[list[int]] = []

    def note(network: PoseNetwork, places: list[tuple[Any, int]]) -> None:
        chosen.append([index for _, index in places])
        # Nothing of the other gradient is left to be added to.
        assert all(parameter.grad is None for parameter in network.parameters())

    monkeypatch.setattr(gradients, "_add_supervised", note)
    cosines(small_network("rotation"), read_shards([shard], "people"))
    assert len(chosen) == 2
    for indices in chosen:
        assert len(indices) == 16 and indices[0] == 0 and indices[-1] == 39
        assert set(np.diff(indices)) <= {2, 3}


def test_people_that_cannot_be_looked_at_are_refused(people: DataSet) -> None:
    network = small_network("rotation")
    clip = people.clips[1]
    joints = clip.joints.copy()
    joints[2, 3] = np.nan
    damaged = replace(people, clips=(people.clips[0], replace(clip, joints=joints)))
    with pytest.raises(BadDataError, match="not finite"):
        cosines(network, damaged)
    network.spec = replace(network.spec, variant="baseline")
    with pytest.raises(UserError, match="cannot be personalized"):
        cosines(network, people)


def test_a_report_for_people_and_for_programs(tmp_path: Path) -> None:
    report = AgreementReport("w.safetensors", "people", SETTINGS, {"a": 0.5, "b": -0.1, "c": 0.2})
    report.write(tmp_path)
    assert "+0.200 on average" in report.markdown() and "67 %" in report.markdown()
    assert (tmp_path / "gradients.md").read_text(encoding="utf-8") == report.markdown()
    rows = (tmp_path / "gradients.csv").read_text(encoding="utf-8").splitlines()
    assert rows == ["person,cosine", "a,0.5000", "b,-0.1000", "c,0.2000"]
    values = json.loads(json.dumps(report.as_json()))
    assert values["positive"] == pytest.approx(2 / 3)
    assert values["mean"] == pytest.approx(0.2) and values["low"] < 0.2 < values["high"]
    assert values["by_person"] == report.cosines and (values["data"]) == "people"


@pytest.mark.parametrize("masked", [False, True])
def test_the_command_prints_one_object(
    masked: bool,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shard = write_shard(tmp_path / "people.npz", people=2, frames=2)
    network = small_network("keypoint" if masked else "rotation")
    network.spec = replace(network.spec, mask="person" if masked else "none")
    weights.save(tmp_path / "w.safetensors", network)
    find, looked_at = PersonMasker.__call__, []

    def looking(masker: PersonMasker, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        looked_at.append(picture.shape)
        return find(masker, picture)

    monkeypatch.setattr(PersonMasker, "__call__", looking)
    arguments = ["--data", f"shards={shard}", "--weights", str(tmp_path / "w.safetensors")]
    options = ["--preset", "paper", "--scope", "deconvolutions", "--people", "1", "--json"]
    assert main(["evaluate", "gradients", *arguments, *options, "--out", str(tmp_path / "o")]) == 0
    found = json.loads(capsys.readouterr().out)
    (cosine,) = found["by_person"].values()
    assert -1 <= cosine <= 1 and found["mean"] == pytest.approx(cosine, abs=1e-3)
    assert found["settings"]["scope"] == "deconvolutions"
    assert {path.name for path in (tmp_path / "o").iterdir()} == {"gradients.md", "gradients.csv"}
    # Each frame that pairs were drawn from, once.
    assert 1 <= len(looked_at) <= 2 if masked else not looked_at
