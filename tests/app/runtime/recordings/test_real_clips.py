"""Real people in front of a real webcam: the signer is found in every clip."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import main

CLIPS = (
    "again", "bird", "book", "eat", "help", "hungry", "milk", "night",
    "no", "school", "sister", "sorry", "thanks", "walk", "want",
)  # fmt: skip

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def personalize(
    clip: Path, out: Path, capsys: pytest.CaptureFixture[str], *options: str
) -> dict[str, float]:
    arguments = ["personalize", str(clip), "--out", str(out), "--json", *options]
    assert main.main(arguments) == 0
    line: dict[str, float] = json.loads(capsys.readouterr().out)
    return line


@pytest.mark.parametrize("name", CLIPS)
def test_the_signer_is_found(
    name: str, shared_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = shared_dir / "media" / "asl" / f"{name}.mkv"
    line = personalize(clip, tmp_path, capsys, "--mode", "none")
    assert line["frames"] >= 40
    assert line["person_found"] >= 0.9 * line["frames"]


@pytest.mark.parametrize("name", ["milk", "thanks"])
def test_the_signer_is_learnt_from(
    name: str, shared_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = shared_dir / "media" / "asl" / f"{name}.mkv"
    learning = (
        "--mode",
        "online",
        "--preset",
        "gentle",
        "--batch-size",
        "1",
    )
    line = personalize(clip, tmp_path, capsys, *learning)
    assert line["person_found"] >= 0.9 * line["frames"]
    assert line["updates"] == line["person_found"]
    assert 0 < line["loss_last"] < 20
