from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from model.experiments.catalogue import EXPERIMENTS
from tests.model.experiments.studies import make_study

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_experiment_has_a_module_that_runs_it(name: str) -> None:
    experiment = EXPERIMENTS[name]

    assert experiment.name == name
    module = importlib.import_module(f"model.experiments.{experiment.module}")
    assert callable(module.RUNS[name])
    number = name.removeprefix("table").removeprefix("figure")
    assert experiment.title.split(":")[0] in (f"Table {number}", f"Figure {number}")


def test_an_experiment_runs_under_its_name(tmp_path: Path) -> None:
    study, _ = make_study(tmp_path)

    result = EXPERIMENTS["figure3"].run(study)

    assert (result.name, result.title) == ("figure3", EXPERIMENTS["figure3"].title)


def test_the_list_of_experiments_is_light() -> None:
    code = (
        "import sys, app.cli.reproduce\n"
        "heavy = {'torch', 'numpy', 'cv2', 'scipy', 'matplotlib', 'PyQt6'} & set(sys.modules)\n"
        "sys.exit(', '.join(heavy) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
