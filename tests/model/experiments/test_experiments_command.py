"""``python main.py reproduce table1`` and so on, as a person types it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

import main
from app.assets import WEIGHTS
from app.cli.reproduce import study_request
from model.adaptation import preset
from model.core.errors import UserError
from model.data.catalogue import Request
from model.experiments.context import StudyRequest
from model.experiments.result import read
from model.ttp.weights import save
from tests.networks import small_network
from tests.shards import write_shard


def _request(*options: str) -> StudyRequest:
    return study_request(main.build_parser().parse_args(["reproduce", "table1", *options]))


def test_what_is_not_said_is_as_published() -> None:
    request = _request("--data", "penn=/data/Penn")

    assert request.data == Request.parse("penn=/data/Penn") and request.split == "test"
    assert request.weights == {"transformer": WEIGHTS}
    assert request.settings == preset("paper").settings and request.precision == "float32"
    assert request.unit == "person" and not request.first_frame_only and request.extra is None
    assert request.seeds == (0,) and request.every == 1
    assert request.development is None and request.aside is None
    assert request.people is None and request.frames is None
    assert request.out == Path("results") and not request.quiet and request.workers >= 1


def test_everything_that_is_said_is_heard() -> None:
    people = "--data penn --root /data/Penn --split train --development jhmdb=/data/J --aside 0.1"
    networks = "--weights baseline=b.safetensors --weights t.safetensors --preset paper"
    runs = "--seeds 0,1,2 --every 3 --people 4 --frames 5 --workers 6 --device cpu --out found"
    request = _request(*f"{people} {networks} {runs} --json".split())

    assert request == StudyRequest(
        data=Request.parse("penn=/data/Penn"),
        split="train",
        weights={"baseline": Path("b.safetensors"), "transformer": Path("t.safetensors")},
        out=Path("found"),
        development=Request.parse("jhmdb=/data/J"),
        aside=0.1,
        settings=preset("paper").settings,
        seeds=(0, 1, 2),
        every=3,
        people=4,
        frames=5,
        workers=6,
        device="cpu",
        quiet=True,
        command=request.command,
    )
    assert request.command.startswith("python main.py")


def test_a_file_may_have_an_equals_sign(tmp_path: Path) -> None:
    path = tmp_path / "run=3.safetensors"
    path.touch()

    assert _request("--data", "penn=x", "--weights", str(path)).weights == {"transformer": path}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--data penn", "NAME=FOLDER"),
        ("--data penn=x --root y", "only once"),
        ("--data penn=x --weights basline=b.safetensors", "roles: baseline, rotation"),
        ("--data penn=x --weights baseline=", "roles: baseline"),
        ("--data penn=x --weights a --weights transformer=b", "several --weights"),
        ("--data penn=x --seeds 1,one", "such as 0,1,2"),
        ("--data penn=x --seeds 1,1", "different"),
        ("--data penn=x --every 0", "every was 0"),
        ("--data penn=x --people 0", "people was 0"),
        ("--data penn=x --frames -1", "frames was -1"),
        ("--data penn=x --workers 0", "workers was 0"),
        ("--data penn=x --aside 0.1", "Give these as well"),
        ("--data penn=x --development penn=y --aside 1", "below 1"),
        ("--data penn=x --development y", "NAME=FOLDER"),
        ("--data penn=x --preset none", "no personalization preset"),
    ],
)
def test_what_makes_no_sense_is_refused(options: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        _request(*options.split())


@pytest.mark.parametrize("role", [None, "student"])
def test_a_request_needs_weights_of_known_roles(role: str | None) -> None:
    request = _request("--data", "penn=x")

    with pytest.raises(UserError, match="they are baseline"):
        replace(request, weights={} if role is None else {role: Path("x")})


def test_an_experiment_writes_its_result_and_prints_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = tmp_path / "small.safetensors"
    save(weights, small_network())
    shard = write_shard(tmp_path / "people.npz", people=1, frames=1)
    options = [
        "reproduce", "table3", "--data", f"shards={shard}", "--weights", str(weights), "--preset",
        "gentle", "--device", "cpu", "--workers", "1", "--out", str(tmp_path / "out"), "--json",
    ]  # fmt: skip

    assert main.main(options) == 0
    printed = json.loads(capsys.readouterr().out)
    assert main.main(options[:-1]) == 0  # from what was kept
    markdown = capsys.readouterr().out

    result = read(tmp_path / "out" / "table3")
    assert result.as_json() == printed
    assert "Joint by joint" in markdown and "not given" in markdown
    assert (tmp_path / "out" / "table3" / "table3.png").is_file()


@pytest.mark.parametrize(
    ("options", "unit", "first", "every"),
    [("clip", "clip", False, 0), ("first-frame", "person", True, 0), ("40", "person", False, 40)],
)
def test_tables_start_anew_as_asked(options: str, unit: str, first: bool, every: int) -> None:
    request = _request("--data", "penn=x", "--reset", options, "--extra", "penn=y")

    assert (request.unit, request.first_frame_only) == (unit, first)
    assert request.settings.reset_every == every
    assert request.extra == Request.parse("penn=y")


@pytest.mark.parametrize(
    ("options", "precision"),
    [
        ((), "float32"),
        (("--preset", "steady"), None),
        (("--preset", "steady", "--precision", "float32"), "float32"),
        (("--precision", "bfloat16"), "bfloat16"),
    ],
)
def test_published_runs_are_in_float32_unless_asked(
    options: tuple[str, ...], precision: str | None
) -> None:
    assert _request("--data", "penn=x", *options).precision == precision


def test_offline_pairs_of_bbc_pose_are_all_turned() -> None:
    assert _request("--data", "bbc=x").settings.offline_rotation == 1
    assert _request("--data", "penn=x").settings.offline_rotation == 0.6
    chosen = _request("--data", "bbc=x", "--set", "offline_rotation=0.6")
    assert chosen.settings.offline_rotation == 0.6
