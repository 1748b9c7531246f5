"""A result is read back as it was written, and people can read its files as well."""

from __future__ import annotations

import csv
import json
import math
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.core.errors import UserError
from model.experiments.result import ExperimentResult, Picture, Table, read

ITERATIONS = Table(
    "Update iterations",
    ("iterations", "PCK", "gain"),
    (("1", "87.75", "+1.59"), ("2", "88.01", "–")),
    "Gains in points.",
)
RESULT = ExperimentResult(
    "table2",
    "Table 2: update iterations",
    "As many steps on each batch.",
    (ITERATIONS, Table("", ("person", "gain"), (("p|1", "-0.50"),))),
    (Picture("table2.png", "Gain [points] by iteration."),),
    {"command": "python main.py", "weights": {"transformer": {"sha256": "ab" * 32}}, "seeds": [0]},
    ("clip 7: frame 3 is damaged",),
)

texts = st.text(max_size=12)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)


@st.composite
def tables(draw: st.DrawFn) -> Table:
    columns = draw(st.integers(1, 3))
    rows = st.tuples(*[texts] * columns)
    return Table(draw(texts), draw(rows), tuple(draw(st.lists(rows, max_size=3))), draw(texts))


@st.composite
def results(draw: st.DrawFn) -> ExperimentResult:
    return ExperimentResult(
        draw(st.from_regex(r"[a-z][a-z0-9-]{0,8}", fullmatch=True)),
        draw(texts),
        draw(texts),
        tuple(draw(st.lists(tables(), max_size=3))),
        tuple(Picture("a.png", text) for text in draw(st.lists(texts, max_size=2))),
        draw(st.dictionaries(texts, values, max_size=3)),
        tuple(draw(st.lists(texts, max_size=2))),
    )


@settings(max_examples=40)
@given(results())
def test_any_result_is_read_back_as_it_was(result: ExperimentResult) -> None:
    with TemporaryDirectory() as folder:
        result.write(Path(folder))
        assert read(Path(folder)) == result


def test_names_that_are_no_text_are_read_back(tmp_path: Path) -> None:
    result = replace(RESULT, skipped=("clip \udcff: cannot be read",))
    result.write(tmp_path)
    assert read(tmp_path) == result


def test_the_files_are_for_people_tables_and_programs(tmp_path: Path) -> None:
    RESULT.write(tmp_path / "table2")
    names = sorted(path.name for path in (tmp_path / "table2").iterdir())
    assert names == ["result.json", "table2-2.csv", "table2.csv", "table2.md"]
    with (tmp_path / "table2" / "table2.csv").open(encoding="utf-8", newline="") as file:
        assert list(csv.reader(file)) == [
            ["iterations", "PCK", "gain"],
            ["1", "87.75", "+1.59"],
            ["2", "88.01", "–"],
        ]
    assert (tmp_path / "table2" / "table2.md").read_text(encoding="utf-8") == RESULT.markdown()


def test_markdown_can_be_read_as_it_is() -> None:
    assert RESULT.markdown() == (
        "# Table 2: update iterations\n\n"
        "As many steps on each batch.\n\n"
        "## Update iterations\n\n"
        "| iterations |   PCK |  gain |\n"
        "| ---------- | ----: | ----: |\n"
        "| 1          | 87.75 | +1.59 |\n"
        "| 2          | 88.01 |     – |\n\n"
        "Gains in points.\n\n"
        "| person |  gain |\n"
        "| ------ | ----: |\n"
        "| p\\|1   | -0.50 |\n\n"
        "![Gain \\[points\\] by iteration.](<table2.png>)\n\n"
        "Gain [points] by iteration.\n\n"
        "## Left out\n\n"
        "- clip 7: frame 3 is damaged\n\n"
        "## Configuration\n\n"
        f"```json\n{json.dumps(RESULT.configuration, indent=2)}\n```\n"
    )


def test_a_bare_result_has_no_empty_sections() -> None:
    assert ExperimentResult("a", "A", "", ()).markdown() == "# A\n"


def test_pictures_stay_and_tables_of_an_earlier_result_go(tmp_path: Path) -> None:
    (tmp_path / "table2.png").write_bytes(b"picture")
    (tmp_path / "other.csv").write_bytes(b"kept")
    replace(RESULT, tables=RESULT.tables * 2).write(tmp_path)
    RESULT.write(tmp_path)
    assert not list(tmp_path.glob("table2-[34].csv"))
    assert (tmp_path / "table2-2.csv").is_file()
    assert (tmp_path / "table2.png").read_bytes() == b"picture"
    assert (tmp_path / "other.csv").read_bytes() == b"kept"


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "taken").write_bytes(b"")
    with pytest.raises(UserError, match="cannot be written"):
        RESULT.write(tmp_path / "taken")


def test_what_json_does_not_know_becomes_plain() -> None:
    configuration: dict[Any, Any] = {
        "betas": (0.9, np.float32(0.5)),
        "sizes": np.arange(2),
        "path": Path("a.npz"),
        "worst": math.inf,
        3: math.nan,
    }
    result = replace(RESULT, configuration=configuration)
    plain = {"betas": [0.9, 0.5], "sizes": [0, 1], "path": "a.npz", "worst": "inf", "3": "nan"}
    assert result.configuration == plain
    assert result.as_json()["configuration"] == plain


def test_as_json_has_the_fields_by_name() -> None:
    fields = RESULT.as_json()
    assert fields["tables"][0]["rows"] == [["1", "87.75", "+1.59"], ["2", "88.01", "–"]]
    assert fields["pictures"] == [{"file": "table2.png", "caption": "Gain [points] by iteration."}]
    assert json.loads(json.dumps(fields, allow_nan=False)) == fields


@pytest.mark.parametrize("name", ["", "../table1", "a b", "-", "a/b", "tablé"])
def test_a_name_that_is_no_word_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="not a word"):
        replace(RESULT, name=name)


@pytest.mark.parametrize("file", ["", "../a.png", "/a.png", "a\\b.png", ".hidden", "a/b.png"])
def test_a_picture_outside_the_folder_is_refused(file: str) -> None:
    with pytest.raises(ValueError, match="plain name"):
        Picture(file, "a")


@pytest.mark.parametrize("rows", [(("1",),), (("1", "2", "3", "4"),)])
def test_a_ragged_table_is_refused(rows: tuple[tuple[str, ...], ...]) -> None:
    with pytest.raises(ValueError, match="differ in length"):
        replace(ITERATIONS, rows=rows)


def test_a_missing_result_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no result\.json"):
        read(tmp_path / "nowhere")


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[" * 100_000])
def test_a_file_cut_off_is_told(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "result.json").write_bytes(content)
    with pytest.raises(UserError, match="cannot be read"):
        read(tmp_path)


@pytest.mark.parametrize("content", ["3", "[]", '{"name": "table1"}', '{"format": "other"}'])
def test_a_foreign_file_is_told(content: str, tmp_path: Path) -> None:
    (tmp_path / "result.json").write_text(content)
    with pytest.raises(UserError, match="not the result of an experiment"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "../up"),
        ("title", 3),
        ("text", None),
        ("tables", {}),
        ("tables", ["a"]),
        ("tables", [{"title": "", "header": [], "rows": [], "note": ""}]),
        ("tables", [{"title": "", "header": ["a"], "rows": [["1", "2"]], "note": ""}]),
        ("tables", [{"title": "", "header": ["a"], "rows": [[1]], "note": ""}]),
        ("tables", [{"title": ""}]),
        ("pictures", [{"file": "../secret.png", "caption": ""}]),
        ("pictures", [{"file": "a.png"}]),
        ("configuration", []),
        ("skipped", "clip 3"),
    ],
)
def test_a_damaged_field_is_told(field: str, value: Any, tmp_path: Path) -> None:
    RESULT.write(tmp_path)
    path = tmp_path / "result.json"
    fields = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**fields, field: value}))
    with pytest.raises(UserError, match="is damaged"):
        read(tmp_path)
    del fields[field]
    path.write_text(json.dumps(fields))
    with pytest.raises(UserError, match=f"'{field}' is missing"):
        read(tmp_path)
