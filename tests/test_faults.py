"""README promises what tests try, all of it and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fault_table import BEGIN, END, outcome, promises, replaced, rows, table

_ROOT = Path(__file__).resolve().parents[1]


def test_the_table_has_the_faults_of_the_tests_and_each_promise_was_held() -> None:
    told = rows((_ROOT / "README.md").read_text(encoding="utf-8"))
    promised = {happens: promise for happens, (promise, _) in told.items()}
    assert promised == promises(_ROOT / "tests"), "python -m pytest -m fault --fault-table"
    assert {result for _, result in told.values()} <= {"held", "not tried here"}
    assert len(told) >= 30


def test_a_table_is_read_as_it_was_written() -> None:
    promised = {"b": "no loss", "a": "a sentence", "C": "nothing"}
    outcomes = {"b": ["passed", "failed"], "a": ["passed", "skipped"]}
    old = f"before\n\n{BEGIN}\nan older table\n{END}\nafter\n"
    new = replaced(old, table(promised, outcomes))
    assert new.startswith(f"before\n\n{BEGIN}\n\n| what") and new.endswith(f"{END}\nafter\n")
    assert list(rows(new).items()) == [
        ("a", ("a sentence", "held")),
        ("b", ("no loss", "**not held**")),
        ("C", ("nothing", "not tried here")),
    ]
    again = table(promised, {"a": ["failed"]}, {"b": "held", "a": "held", "gone": "held"})
    assert [line.rsplit("| ", 1)[1] for line in again.splitlines()[2:]] == [
        "**not held** |",
        "held |",
        "not tried here |",
    ]
    with pytest.raises(ValueError, match="no place"):
        replaced("before\n", "")


@pytest.mark.parametrize(
    ("outcomes", "said"),
    [
        (["passed"], "held"),
        (["skipped", "passed"], "held"),
        (["skipped"], "not tried here"),
        (["passed", "failed"], "**not held**"),
    ],
)
def test_one_failure_breaks_a_promise(outcomes: list[str], said: str) -> None:
    assert outcome(outcomes) == said


def test_a_fault_without_a_promise_or_with_two_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "test_a.py").write_text('@pytest.mark.fault("rain")\ndef test(): ...\n')
    with pytest.raises(ValueError, match="'rain' has 0 promises"):
        promises(tmp_path)
    for name in ("test_b.py", "test_c.py"):
        text = f'@pytest.mark.fault("rain", "{name}")\ndef test(): ...\n'
        (tmp_path / name).write_text(text)
    with pytest.raises(ValueError, match="'rain' has 2 promises"):
        promises(tmp_path)
