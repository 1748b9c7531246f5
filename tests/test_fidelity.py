"""``docs/fidelity.md`` names a test for everything that it says, and each of them exists."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from model.data.catalogue import SOURCES
from model.experiments.catalogue import EXPERIMENTS, GAN_EXPERIMENTS

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "fidelity.md").read_text("utf-8")
ROWS = [line for line in PAGE.splitlines() if line.startswith("| ") and "| test |" not in line]
_TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)` \|$")


@cache
def _tests(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.split("|")[1].strip())
def test_a_row_names_a_test_that_exists(row: str) -> None:
    named = _TEST.search(row)
    assert named is not None, row
    assert named[2] in _tests(named[1]), f"{named[1]} has no {named[2]}"


def test_every_table_and_figure_has_its_row() -> None:
    titles = [experiment.title for experiment in EXPERIMENTS.values()]
    titles += [experiment.title for experiment in GAN_EXPERIMENTS.values()]
    numbered = [found[0] for title in titles if (found := re.search(r"(Table|Figure) \d", title))]
    assert len(numbered) == 16
    for name in numbered:
        assert numbered.count(name) == sum(row.startswith(f"| {name}") for row in ROWS), name


def test_no_data_set_is_claimed_that_is_not_read() -> None:
    """The data sets of the papers that have no row of their own have no reader either."""
    for name in ("mnist", "shapenet", "norb"):
        assert not any(name in source for source in SOURCES), name


def test_every_command_of_keypointgan_is_told_of() -> None:
    page = (ROOT / "docs" / "keypoint_gan.md").read_text("utf-8")
    assert [name for name in GAN_EXPERIMENTS if f"`reproduce {name}`" not in page] == []


def test_every_data_set_of_the_papers_has_its_row() -> None:
    for name in (
        "Penn Action", "Human3.6M", "BBC Pose", "Simplified Human3.6M", "MPI-INF-3DHP",
        "300-W, MultiPIE", "VoxCeleb2", "cat heads", "CelebA, MAFL", "AFLW",
    ):  # fmt: skip
        assert any(row.startswith(f"| {name} ") for row in ROWS), name
