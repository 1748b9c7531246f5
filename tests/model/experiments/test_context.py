from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import model
from app.assets import PERCEPTUAL_WEIGHTS, PERSON_MASK
from model.core.errors import UserError
from model.data.catalogue import Request, people_aside
from model.evaluation.personalized import Protocol
from model.experiments.context import StudyRequest, open_study
from tests.networks import small_network
from tests.shards import write_shard

MakeRequest = Callable[..., StudyRequest]


@pytest.fixture
def request_for(tmp_path: Path) -> MakeRequest:
    model.save(tmp_path / "small.safetensors", small_network("baseline"))
    shard = write_shard(tmp_path / "people.npz", people=5, frames=3)

    def make(**values: object) -> StudyRequest:
        given = {
            "data": Request.parse(str(shard)),
            "split": "test",
            "weights": {"baseline": tmp_path / "small.safetensors"},
            "out": tmp_path / "out",
            "device": "cpu",
            "quiet": True,
        }
        return StudyRequest(**{**given, **values})  # type: ignore[arg-type]

    return make


def test_a_study_predicts_the_chosen_people_and_keeps_what_it_predicted(
    request_for: MakeRequest, tmp_path: Path
) -> None:
    request = request_for(people=2, frames=1)
    with open_study(request, "table3", PERCEPTUAL_WEIGHTS, PERSON_MASK) as study:
        found = study.predict(study.weight("baseline"), study.people, Protocol())
        assert study.folder == tmp_path / "out" / "table3" and study.folder.is_dir()
        assert study.first and study.development is None
        with pytest.raises(UserError, match="--weights transformer=FILE"):
            study.weight("transformer")
    assert len(found.points) == 2
    kept = list((tmp_path / "out" / "predictions").rglob("*.npz"))
    assert len(kept) == 2
    with open_study(request, "table1", PERCEPTUAL_WEIGHTS, PERSON_MASK) as study:
        again = study.predict(study.weight("baseline"), study.people, Protocol())
    np.testing.assert_array_equal(again.points, found.points)
    assert sorted((tmp_path / "out" / "predictions").rglob("*.npz")) == sorted(kept)


def test_a_role_must_hold_its_own_variant(request_for: MakeRequest, tmp_path: Path) -> None:
    request = request_for(weights={"keypoint": tmp_path / "small.safetensors"})
    with (
        pytest.raises(UserError, match="holds the variant baseline"),
        open_study(request, "table1", PERCEPTUAL_WEIGHTS, PERSON_MASK),
    ):
        pass


def test_networks_of_one_study_see_alike_crops(request_for: MakeRequest, tmp_path: Path) -> None:
    other = small_network("rotation")
    other.spec = replace(other.spec, crop_shift=0.1)
    model.save(tmp_path / "other.safetensors", other)
    weights = {
        "baseline": tmp_path / "small.safetensors",
        "rotation": tmp_path / "other.safetensors",
    }
    with (
        pytest.raises(UserError, match="moved down"),
        open_study(request_for(weights=weights), "table1", PERCEPTUAL_WEIGHTS, PERSON_MASK),
    ):
        pass


def test_development_people_are_those_kept_aside(tmp_path: Path) -> None:
    shard = write_shard(tmp_path / "many.npz", people=30, frames=2)
    data = Request.parse(str(shard))
    everybody = people_aside(data, None, 0.0)
    aside = people_aside(data, 0.3, 0.0)
    assert len(everybody.persons) == 30
    kept_out = everybody.divided(0.3)[1]
    assert kept_out is not None and set(aside.persons) == set(kept_out.persons)
    with pytest.raises(UserError, match="keeps nobody"):
        people_aside(data, 1e-9, 0.0)
