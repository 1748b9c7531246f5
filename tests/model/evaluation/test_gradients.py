"""The angle between the gradients of both losses, person by person."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from main import main
from model import weights
from model.data.records import DataSet
from model.data.shards import read_shards
from model.evaluation.gradients import AgreementReport, gradient_agreement
from model.personalization import PersonalizationSettings
from tests.networks import small_network, small_perceptual_loss
from tests.shards import write_shard

SETTINGS = PersonalizationSettings(scope="deconvolutions")


@pytest.fixture
def people(tmp_path: Path) -> DataSet:
    return read_shards([write_shard(tmp_path / "people.npz", people=2, frames=2)], "people")


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
    again = gradient_agreement(network, small_perceptual_loss(), people, SETTINGS)
    assert again == pytest.approx(found, abs=1e-4)


def test_a_task_that_is_nearly_the_supervised_one_agrees_with_it(people: DataSet) -> None:
    """Taught by itself, a network whose labels are its own answers is told the same twice."""
    network = small_network(backbone="movenet-lightning")
    settings = replace(SETTINGS, self_weight=0.0, consistency=1.0, teacher="trained")
    rebuilt = gradient_agreement(network, small_perceptual_loss(), people, SETTINGS)
    taught = gradient_agreement(network, small_perceptual_loss(), people, settings)
    assert set(taught) == set(rebuilt)
    assert sum(taught.values()) > sum(rebuilt.values())


def test_a_report_for_people_and_for_programs(tmp_path: Path) -> None:
    report = AgreementReport("w.safetensors", "people", SETTINGS, {"a": 0.5, "b": -0.1, "c": 0.2})
    report.write(tmp_path)
    assert "+0.200 on average" in report.markdown() and "67 %" in report.markdown()
    rows = (tmp_path / "gradients.csv").read_text(encoding="utf-8").splitlines()
    assert rows == ["person,cosine", "a,0.5000", "b,-0.1000", "c,0.2000"]
    assert report.as_json()["positive"] == pytest.approx(2 / 3)


def test_the_command_prints_one_object(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shard = write_shard(tmp_path / "people.npz", people=2, frames=2)
    weights.save(tmp_path / "w.safetensors", small_network("rotation"))
    arguments = ["--data", f"shards={shard}", "--weights", str(tmp_path / "w.safetensors")]
    options = ["--preset", "paper", "--scope", "deconvolutions", "--people", "1", "--json"]
    assert main(["evaluate", "gradients", *arguments, *options]) == 0
    found = json.loads(capsys.readouterr().out)
    (cosine,) = found["by_person"].values()
    assert found["mean"] == pytest.approx(cosine, abs=1e-3)
    assert found["settings"]["scope"] == "deconvolutions"
