"""``report``: one page from a folder of results."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

import main
from model.experiments.result import ExperimentResult, Table

RESULT = ExperimentResult(
    "table2", "Update iterations", "Text.", (Table("", ("steps", "gain"), (("1", "+1.5"),)),)
)


def test_the_page_is_written_beside_the_results(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    RESULT.write(Path("results") / "table2")
    assert main.main(["report"]) == 0
    page = Path("results/report.html").read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert "Update iterations" in page
    assert date.today().isoformat()[:7] in page
    output = capsys.readouterr()
    place = Path("results") / "report.html"
    assert output.out == f"{place}: 1 experiment, 1 table, 0 pictures\n"
    assert output.err == ""


def test_folder_and_file_can_be_chosen(tmp_path: Path) -> None:
    RESULT.write(tmp_path / "mine" / "table2")
    assert main.main(["report", "--results", str(tmp_path / "mine")]) == 0
    assert (tmp_path / "mine" / "report.html").is_file()
    out = tmp_path / "pages" / "all.html"
    assert main.main(["report", "--results", str(tmp_path / "mine"), "--out", str(out)]) == 0
    assert out.read_bytes() == (tmp_path / "mine" / "report.html").read_bytes()


def test_a_damaged_result_is_told_and_the_page_is_still_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    RESULT.write(tmp_path / "table2")
    (tmp_path / "table1").mkdir()
    (tmp_path / "table1" / "result.json").write_text("{")
    assert main.main(["report", "--results", str(tmp_path)]) == 1
    output = capsys.readouterr()
    assert output.err.count("\n") == 1
    assert str(Path("table1") / "result.json") in output.err
    assert "Update iterations" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_no_results_are_one_sentence_and_exit_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.main(["report", "--results", str(tmp_path)]) == 2
    output = capsys.readouterr()
    assert output.err.startswith("error: There is no result of an experiment")
    assert output.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    RESULT.write(tmp_path / "table2")
    assert main.main(["report", "--results", str(tmp_path), "--out", str(tmp_path)]) == 2
    assert "cannot be written" in capsys.readouterr().err
