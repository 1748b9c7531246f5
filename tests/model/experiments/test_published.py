from __future__ import annotations

import pytest

from model.core.skeleton import BBC7, COCO17, H36M16, PENN13, JointSet
from model.experiments.published import (
    BBC,
    HUMAN36M,
    PENN,
    TABLE1,
    TABLE2,
    TABLE5,
    TABLE6,
    TABLE6_REFERENCE,
    Paper,
)
from tests.model.data.clips import make_data_set


@pytest.mark.parametrize("data", [PENN, HUMAN36M, BBC])
def test_table1_has_ten_numbers_of_each_data_set(data: object) -> None:
    numbers = {d.name: n for d, n in TABLE1.items() if d is data}

    (found,) = numbers.values()
    assert len(found) == 10 and ("baseline", "online") not in found
    assert all(84 < number < 93 for number in found.values())


def test_tables_of_the_paper_agree_where_they_overlap() -> None:
    for data, numbers in TABLE2.items():
        assert numbers[1] == TABLE1[data]["transformer", "online"]
    for method, (plain, smooth) in TABLE5.items():
        assert plain == TABLE1[PENN][method] and smooth > plain
    assert TABLE6["none"] < TABLE6["online"] < TABLE6["offline"] < TABLE6_REFERENCE == 87.90


@pytest.mark.parametrize(
    ("joints", "chosen"), [(PENN13, PENN), (BBC7, BBC), (H36M16, HUMAN36M), (COCO17, PENN)]
)
def test_figures_of_people_with_the_same_joints_stand_beside_ours(
    joints: JointSet, chosen: object
) -> None:
    paper = Paper.beside(make_data_set("mine", [2], joints), PENN, HUMAN36M, BBC)

    assert paper.data is chosen
    assert paper.column == f"paper ({paper.data.name})" and "another data set" in paper.note


@pytest.mark.parametrize("name", ["Penn Action (test)", "Penn Action"])
def test_figures_of_the_same_data_set_are_plainly_the_papers(name: str) -> None:
    paper = Paper.beside(make_data_set(name, [2]), BBC, PENN)

    assert paper.column == "paper" and "another" not in paper.note


def test_the_papers_figures_on_bbc_pose_are_macc() -> None:
    """Right within 6 pixels at half size, whatever ours beside them are."""
    people = make_data_set("made", [2])
    assert Paper.beside(people, BBC).title == "mAcc"
    assert Paper.beside(people, PENN).title == "mPCK"
