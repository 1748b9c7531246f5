from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from safetensors.torch import save_file

from model.core.errors import UserError
from model.core.skeleton import PENN13
from model.data.records import DataSet
from model.data.shards import read_shards
from model.evaluation.personalized import Protocol
from model.experiments import figures
from model.experiments.plots import SeenRow, arrows, plot_arrows, plot_panels
from model.ttp.networks import NetworkSpec
from model.ttp.weights import FORMAT, save
from tests.model.data.clips import make_data_set
from tests.model.experiments.studies import (
    BASE,
    RuleOfThumb,
    column,
    make_study,
    percent,
    pictures_exist,
    usual,
)
from tests.networks import small_network
from tests.shards import write_shard

KEYPOINT = NetworkSpec(variant="keypoint")


def _late(role: str, protocol: Protocol, person: str, order: int) -> int:
    """Personalization helps from a person's eleventh frame on."""
    del person
    return BASE[role] + (3 if protocol.mode == "online" and order >= 10 else 0)


def test_figure3_shows_when_the_gain_comes(tmp_path: Path) -> None:
    study, _ = make_study(
        tmp_path, _late, people=make_data_set("made", [30, 25, 12, 40, 26, 27, 24])
    )

    result = figures.figure3(study)

    (table,) = result.tables
    assert "fewer than 5 people" in result.text
    gain = f"{300 / 13:+.2f}"
    assert column(table, "frames") == ["1 to 10", "11 to 20", "21 to 25"]
    assert column(table, "gain (95 %)") == [
        "+0.00 (+0.00 to +0.00)",
        f"{gain} ({gain} to {gain})",
        f"{gain} ({gain} to {gain})",
    ]
    assert column(table, "people") == ["7", "7", "6"]  # fewer than five are not shown
    assert pictures_exist(result, tmp_path)


def test_figure3_of_a_single_person_has_no_band(tmp_path: Path) -> None:
    study, _ = make_study(tmp_path, _late, people=make_data_set("made", [12]))

    result = figures.figure3(study)

    assert column(result.tables[0], "gain (95 %)") == ["+0.00", f"{300 / 13:+.2f}"]
    assert pictures_exist(result, tmp_path)


def test_figure4_starts_anew_after_every_so_many_frames(tmp_path: Path) -> None:
    def rule(role: str, protocol: Protocol, person: str, order: int) -> int:
        reset = protocol.settings.reset_every
        more = min(4, order % reset if reset else order)
        return BASE[role] + (more if protocol.mode == "online" else 0)

    study, predict = make_study(tmp_path, rule, people=make_data_set("made", [6, 6]))

    result = figures.figure4(study)

    (table,) = result.tables
    assert column(table, "frames") == ["none", "1", "2", "3", "4", "5", "all (up to 6)"]
    assert column(table, "mPCK")[:4] == [percent(6), percent(6), percent(6.5), percent(7)]
    assert column(table, "mPCK")[-1] == percent(6 + (0 + 1 + 2 + 3 + 4 + 4) / 6)
    resets = [p.settings.reset_every for p in predict.protocols() if p.mode == "online"]
    assert resets == [1, 2, 3, 4, 5, 0]
    assert {p.unit for p in predict.protocols()} == {"person"}
    assert pictures_exist(result, tmp_path)


@pytest.mark.parametrize(
    ("longest", "grid"),
    [
        (2000, [100, 200, 400, 600, 800, 1000, 1200, 1400, 1600, 2000]),
        (500, [100, 200, 400, 500]),
        (100, [1, 2, 3, 4, 5, 10, 20, 40, 80, 100]),
    ],
)
def test_figure4_has_the_published_range_where_people_have_so_many_frames(
    longest: int, grid: list[int]
) -> None:
    assert list(figures._lengths(longest)) == grid


@pytest.fixture
def people(tmp_path: Path) -> DataSet:
    return read_shards([write_shard(tmp_path / "people.npz", people=8, frames=2)], "people")


def test_figure5_has_a_row_for_each_of_a_few_people(
    tmp_path: Path, people: DataSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figures, "PEOPLE", 3)
    people.clips[2].boxes[:] = np.nan
    study, predict = make_study(tmp_path, people=people)
    save(study.weights["transformer"], small_network())

    result = figures.figure5(study)

    (table,) = result.tables
    assert column(table, "person") == ["0", "2", "4"]
    assert column(table, "before") == ["46.2"] * 3 and column(table, "after") == ["53.8"] * 3
    assert [protocol.mode for protocol in predict.protocols()] == ["none", "online"]
    assert len(result.skipped) == 1 and "clip-2" in result.skipped[0]
    assert result.text.startswith("Personalized by the preset paper (as published), computed in")
    assert " 2 people of " in result.text and "first 20 frames" in result.text
    assert [picture.file for picture in result.pictures] == ["figure5.png", "panels.png"]
    assert pictures_exist(result, tmp_path)


def test_figure5_needs_a_transformer(tmp_path: Path, people: DataSet) -> None:
    study, _ = make_study(tmp_path, people=people)
    metadata = {field.name: str(getattr(KEYPOINT, field.name)) for field in fields(KEYPOINT)}
    save_file({}, study.weights["transformer"], {**metadata, "format": FORMAT})

    with pytest.raises(UserError, match="'transformer' is needed"):
        figures.figure5(study)


def test_a_person_of_whom_frames_were_left_out_has_no_pose_beside_them(
    tmp_path: Path, people: DataSet
) -> None:
    study, _ = make_study(tmp_path, people=people)
    predictions = RuleOfThumb(usual)(study.weights["transformer"], people, Protocol())
    few = predictions._of(np.arange(len(predictions.persons)) != 0)
    matrix = np.eye(2, 3)

    missing = figures._shown(few, "0", 1, people.persons["0"], matrix)
    whole = figures._shown(few, "1", 1, people.persons["1"], matrix)

    assert np.isnan(missing).all() and missing.shape == (13, 2)
    np.testing.assert_array_equal(whole, predictions.points[3])


def _seen(colour: int) -> SeenRow:
    picture = np.full((128, 128, 3), colour, np.uint8)
    joints = np.full((13, 2), np.nan)
    return SeenRow(
        target=picture, source=picture, reconstruction=picture,
        self_points=np.array([[20.0, 64.0], [100.0, 64.0]]), contribution=np.array([0.0, 2.0]),
        before=joints, after=joints, truth=joints, visible=np.ones(13),
        joints=np.full((13, 2), 64.0), affinity=np.tile([0.95, 0.05], (13, 1)),
    )  # fmt: skip


def test_self_supervised_keypoints_are_coloured_by_what_they_contribute(tmp_path: Path) -> None:
    plot_panels(tmp_path / "panels.png", [_seen(120)], PENN13)

    image = cv2.imread(str(tmp_path / "panels.png"))
    assert image is not None
    image = image[: int(0.7 * image.shape[0])]  # without the scale
    # The ends of viridis, in BGR.
    purple, yellow = (
        np.argwhere((np.abs(image.astype(int) - end) < 12).all(axis=-1))
        for end in ((84, 1, 68), (37, 231, 253))
    )
    assert len(purple) > 5 and len(yellow) > 5
    assert abs(purple[:, 0].mean() - yellow[:, 0].mean()) < 2
    assert yellow[:, 1].mean() - purple[:, 1].mean() > 0.05 * image.shape[1]


def test_arrows_are_those_above_a_tenth() -> None:
    affinity = np.array([[0.1, 0.9, 0.0], [0.11, 0.3, 0.59]])
    assert arrows(affinity) == [(1, 0), (1, 1), (1, 2), (0, 1)]


def test_arrows_go_from_keypoints_to_joints(tmp_path: Path) -> None:
    """An arrow lies between its ends, and nothing beyond them."""
    row = replace(_seen(0), joints=np.array([[90.0, 64.0]]), affinity=np.array([[0.9, 0.05]]))
    plot_arrows(tmp_path / "arrows.png", [row])

    image = cv2.imread(str(tmp_path / "arrows.png"))
    assert image is not None
    blue, green, red = image[: int(0.8 * len(image))].astype(int).transpose(2, 0, 1)
    places = np.argwhere((red > 150) & (blue < 60) & (green < 160))  # autumn
    black = np.argwhere((red + green + blue) == 0)
    left, right = black[:, 1].min(), black[:, 1].max()
    ends = (
        (places[:, 1].min() - left) / (right - left),
        (places[:, 1].max() - left) / (right - left),
    )
    assert ends == pytest.approx((20 / 128, 90 / 128), abs=0.06)


def test_fewer_frames_are_said_to_be_fewer(tmp_path: Path, people: DataSet) -> None:
    study, _ = make_study(tmp_path, people=people)
    save(study.weights["transformer"], small_network())

    assert "first 2 frames" in figures.figure5(replace(study, frames=2)).text


def test_every_person_has_a_row_of_panels(tmp_path: Path) -> None:
    plot_panels(tmp_path / "one.png", [_seen(50)], PENN13)
    plot_panels(tmp_path / "three.png", [_seen(50)] * 3, PENN13)

    one, three = (cv2.imread(str(tmp_path / f"{name}.png")) for name in ("one", "three"))
    assert one is not None and three is not None
    assert three.shape[1] == one.shape[1] and three.shape[0] - one.shape[0] == 2 * 225
