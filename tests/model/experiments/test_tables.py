from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from model.core.errors import UserError
from model.core.skeleton import BBC7, H36M16, PENN13
from model.data.records import ABSENT, correspondence
from model.evaluation import tables as people_module
from model.evaluation.personalized import Protocol
from model.experiments import ablations, comparisons
from tests.model.data.clips import make_data_set
from tests.model.experiments.studies import column, make_study, percent, pictures_exist, usual


@pytest.fixture(autouse=True)
def few_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    """Intervals are another module's, and take time."""
    monkeypatch.setattr(people_module, "_DRAWS", 200)


def test_table1_has_all_networks_beside_the_papers(tmp_path: Path) -> None:
    study, _ = make_study(tmp_path, roles=("baseline", "transformer"))

    result = comparisons.table1(study)
    scores, gains = result.tables

    given = "not given"
    assert column(scores, "mPCK") == [
        percent(3), *[given] * 6, percent(6), percent(7), percent(8),
    ]  # fmt: skip
    assert column(scores, "over baseline")[-1] == f"{100 * 5 / 13:+.2f}"
    assert column(scores, "paper (Penn)")[-1] == "88.98"
    assert column(scores, "paper (Penn), over baseline")[-2:] == ["+2.52", "+3.75"]
    assert column(gains, "gain") == [f"{100 / 13:+.2f}", f"{200 / 13:+.2f}"]
    assert column(gains, "paper (Penn)") == ["+1.59", "+2.82"]
    assert "another data set than made" in scores.note
    assert "rotation" in result.text and "keypoint" in result.text
    assert pictures_exist(result, tmp_path)


def test_table1_needs_the_transformer(tmp_path: Path) -> None:
    study, _ = make_study(tmp_path, roles=("baseline",))

    with pytest.raises(UserError, match="transformer=FILE"):
        comparisons.table1(study)


def test_several_seeds_give_a_mean_and_a_spread(tmp_path: Path) -> None:
    def rule(role: str, protocol: Protocol, person: str, order: int) -> int:
        return usual(role, protocol, person, order) + protocol.seed * (protocol.mode != "none")

    study, predict = make_study(tmp_path, rule, seeds=(0, 2))

    scores = column(comparisons.table1(study).tables[0], "mPCK")

    spread = np.std([700 / 13, 900 / 13], ddof=1)
    assert scores[-3:-1] == [percent(6), f"{percent(8)} ± {spread:.2f}"]
    asked = {(protocol.mode, protocol.seed) for protocol in predict.protocols()}
    assert asked == {
        ("none", 0), ("online", 0), ("online", 2), ("offline", 0), ("offline", 2),
    }  # fmt: skip


def test_figures_of_the_papers_own_data_set_are_not_called_anothers(tmp_path: Path) -> None:
    people = make_data_set("Human3.6M (test)", [2, 3], H36M16)
    study, _ = make_study(tmp_path, people=people)

    table = comparisons.table1(study).tables[0]

    assert column(table, "paper")[-1] == "92.05"
    assert "another" not in table.note


def test_a_gain_is_over_the_same_frames(tmp_path: Path) -> None:
    study, predict = make_study(tmp_path, every=3)

    result = comparisons.table1(study)

    asked = {(protocol.mode, protocol.downsample) for protocol in predict.protocols()}
    assert asked == {("none", 3), ("none", 1), ("online", 3), ("offline", 1)}
    assert "one frame in 3" in result.text


def test_table2_steps_more_often(tmp_path: Path) -> None:
    def rule(role: str, protocol: Protocol, person: str, order: int) -> int:
        more = {1: 1, 2: 2, 3: -4, 4: -5}[protocol.settings.iterations]
        return usual(role, replace(protocol, mode="none"), person, order) + (
            more if protocol.mode == "online" else 0
        )

    study, _ = make_study(tmp_path, rule)

    result = ablations.table2(study)

    (table,) = result.tables
    assert column(table, "mPCK") == [percent(right) for right in (6, 7, 8, 2, 1)]
    assert column(table, "harmed") == ["–", "0 %", "0 %", "100 %", "100 %"]
    assert column(table, "paper (Penn)") == ["86.16", "87.75", "88.01", "76.27", "76.13"]
    assert pictures_exist(result, tmp_path)


def test_table3_is_by_limb_and_offline(tmp_path: Path) -> None:
    study, predict = make_study(tmp_path, roles=("baseline", "transformer"), every=2)

    result = comparisons.table3(study)

    limbs, gains = result.tables
    assert limbs.header[1:-2] == ("Head", "Sho", "Elb", "Wri", "Hip", "Knee", "Ank")
    # Joints are in the order head, shoulders, elbows, wrists, hips, ...
    assert column(limbs, "Elb")[:3] == ["0.00", "100.00", "100.00"]
    assert column(limbs, "Wri")[:3] == ["0.00", "50.00", "100.00"]
    assert column(limbs, "mPCK")[:3] == [percent(3), percent(6), percent(8)]
    assert column(limbs, "paper (Penn)") == ["85.2", "–", "89.0", "81.1", "96.5", "97.7"]
    assert column(gains, "gain") == [f"{500 / 13:+.2f}", f"{200 / 13:+.2f}"]
    assert {protocol.downsample for protocol in predict.protocols()} == {1}
    assert pictures_exist(result, tmp_path)


def test_table3_without_a_baseline_says_so(tmp_path: Path) -> None:
    study, _ = make_study(tmp_path)

    limbs, gains = comparisons.table3(study).tables

    assert column(limbs, "mPCK")[0] == "not given" and len(gains.rows) == 1


def test_table4_learns_from_frames_that_are_never_scored(tmp_path: Path) -> None:
    people = make_data_set("BBC Pose (test)", [4, 4], BBC7)
    for clip in people:
        clip.visible[1] = ABSENT

    def rule(role: str, protocol: Protocol, person: str, order: int) -> int:
        # With all four frames of a person, the last is found best.
        return 0 if protocol.mode == "none" else 2 * order

    study, predict = make_study(tmp_path, rule, people=people)

    result = ablations.table4(study)

    (table,) = result.tables
    assert column(table, "mAcc")[:3] == [
        "not given",
        percent((0 + 2 + 4) / 3, 7),
        percent((0 + 4 + 6) / 3, 7),
    ]
    assert column(table, "paper")[:3] == ["88.7", "92.5", "93.1"]
    assert "Of these frames 2 have no labels" in result.text
    lengths = [len(data_set) for _, data_set, p in predict.calls if p.mode == "online"]
    assert lengths == [6, 8]
    names = [{clip.name for clip in data_set} for _, data_set, _ in predict.calls]
    assert not names[0] & names[-1]  # as they are other selections of frames
    assert pictures_exist(result, tmp_path)


def test_table4_says_that_all_frames_have_labels(tmp_path: Path) -> None:
    study, predict = make_study(tmp_path)

    result = ablations.table4(study)

    assert "no extra unlabelled frames" in result.text
    assert column(result.tables[0], "mPCK")[2] == "–"
    assert [data_set for _, data_set, _ in predict.calls] == [study.people] * 2


def test_table4_refuses_people_without_any_label(tmp_path: Path) -> None:
    people = make_data_set("made", [2, 2])
    for clip in people:
        clip.visible[:] = ABSENT

    with pytest.raises(UserError, match="No frame of made has joints"):
        ablations.table4(make_study(tmp_path, people=people)[0])


def test_table5_chooses_on_the_development_people(tmp_path: Path) -> None:
    development = make_data_set("others", [20])

    def rule(role: str, protocol: Protocol, person: str, order: int) -> int:
        # Joints are wrong in every other frame: a smooth path is wrong everywhere.
        return 13 if order % 2 else usual(role, protocol, person, order)

    study, predict = make_study(
        tmp_path, rule, development=development, people=make_data_set("made", [2, 2])
    )

    result = ablations.table5(study)

    table, choice = result.tables
    assert predict.calls[0][1] is development and predict.calls[0][2].mode == "none"
    assert all(data_set is study.people for _, data_set, _ in predict.calls[1:])
    assert f"{len(development)} frames of 1 other people (others)" in result.text
    assert column(table, "mPCK")[0] == "not given"
    assert column(table, "mPCK")[1:] == column(table, "smoothed")[1:]  # clips are too short
    assert column(table, "paper (Penn), smoothed") == ["85.68", "86.58", "88.31", "89.51"]
    assert [row[2:] for row in choice.rows[:1]] == [("–", "–")]
    assert set(result.configuration["smoothing"]) == {"window", "order"}
    assert pictures_exist(result, tmp_path)


def test_table5_refuses_to_choose_on_the_people_it_measures(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="--development"):
        ablations.table5(make_study(tmp_path)[0])


def test_table6_says_how_much_of_the_gap_is_closed(tmp_path: Path) -> None:
    study, _ = make_study(tmp_path, roles=("rendered", "real"))

    result = comparisons.table6(study)

    (table,) = result.tables
    assert column(table, "mPCK") == [percent(right) for right in (2, 3, 4, 10)]
    assert column(table, "gap recovered") == ["–", "12 %", "25 %", "–"]
    shares = column(table, "paper (Penn to H36M), gap recovered")
    assert shares == ["–", "12 %", "15 %", "–"]
    assert pictures_exist(result, tmp_path)


def test_table6_without_the_reference_has_no_gap(tmp_path: Path) -> None:
    study, _ = make_study(tmp_path, roles=("rendered",))

    (table,) = comparisons.table6(study).tables

    assert column(table, "mPCK")[-1] == "not given"
    assert set(column(table, "gap recovered")) == {"–"}


def test_table6_as_published_goes_from_one_data_set_to_another(tmp_path: Path) -> None:
    """The paper's own: from Penn Action to Human3.6M, with a baseline that is measured."""
    people = make_data_set("Human3.6M (test)", [2, 3], H36M16)
    study, _ = make_study(tmp_path, roles=("baseline", "transformer", "reference"), people=people)
    study = replace(study, trained_on={"transformer": "penn=Penn_Action"})

    result = comparisons.table6(study)

    (table,) = result.tables
    assert column(table, "network, personalized") == [
        "Baseline, without", "Transformer (keypoint), without", "Transformer (keypoint), online",
        "Transformer (keypoint), offline", "Trained on the data set itself, without",
    ]  # fmt: skip
    assert column(table, "mPCK") == [percent(right, 16) for right in (3, 6, 7, 8, 10)]
    assert column(table, "paper (Penn to H36M)") == ["52.60", "56.27", "60.14", "61.04", "87.90"]
    assert column(table, "gap recovered") == ["–", "–", "25 %", "50 %", "–"]
    assert "transformer on penn=Penn_Action" in result.text
    assert pictures_exist(result, tmp_path)


def test_table6_says_which_networks_are_missing(tmp_path: Path) -> None:
    result = comparisons.table6(make_study(tmp_path)[0])
    assert column(result.tables[0], "mPCK")[0] == "not given"
    assert "role reference" in result.text
    with pytest.raises(UserError, match="transformer=FILE"):
        comparisons.table6(make_study(tmp_path, roles=("baseline",))[0])


def test_penn_action_and_human36m_have_twelve_joints_in_common() -> None:
    assert int((correspondence(PENN13, H36M16) >= 0).sum()) == 12


def test_no_gap_is_no_share() -> None:
    assert np.isnan(comparisons.share_recovered(2.0, 0.0))
    assert comparisons.share_recovered(2.0, 4.0) == 0.5


def test_a_result_tells_what_it_was_made_with(tmp_path: Path) -> None:
    study, _ = make_study(tmp_path, seeds=(3, 4))

    found = ablations.table2(study).configuration

    assert found["weights"]["transformer"]["file"] == "transformer.safetensors"
    assert len(found["weights"]["transformer"]["sha256"]) == 64
    assert found["data"] == {
        "name": "made", "joints": "penn13", "people": 3, "clips": 3, "frames": 15,
    }  # fmt: skip
    assert found["seeds"] == [3, 4] and found["settings"]["batch_size"] == 32
    assert found["command"] == "python main.py evaluate"


def test_what_was_left_out_is_said_once(tmp_path: Path) -> None:
    study, predict = make_study(tmp_path)
    sentence = "The picture 3 is damaged."
    left_out = replace(
        study, predict=lambda w, d, p: replace(predict(w, d, p), skipped=(sentence,))
    )

    assert comparisons.table1(left_out).skipped == (sentence,)
