from __future__ import annotations

from dataclasses import replace

import pytest

from model.core.errors import UserError
from model.ttp.training.settings import TRAINING_PRESETS, TrainingSettings, training_preset


def test_the_published_schedules() -> None:
    expected = {
        "penn": ("resnet50", 246_000, 328_000, 383_000, 1e-3),
        "human36m": ("resnet18", 90_000, 120_000, 140_000, 1e-5),
        "bbc": ("resnet18", 18_000, 24_000, 28_000, 1e-3),
    }
    for name, (backbone, first, second, steps, weight) in expected.items():
        preset = training_preset(name)
        settings = preset.settings
        assert (preset.backbone, settings.steps) == (backbone, steps)
        assert settings.self_weight == weight and settings.batch_size == 32
        rates = [settings.learning_rate_at(s) for s in (0, first - 1, first, second - 1, second)]
        assert rates == pytest.approx([1e-3, 1e-3, 1e-4, 1e-4, 1e-5])
        # Nothing of what is not in the paper.
        assert settings.pairs_at(0) == 32 and settings.resolution_at(0) == 128
        assert settings.independent_sources == 0 and settings.average == 0


def test_the_cosine_schedule_rises_and_falls_to_zero() -> None:
    settings = TrainingSettings(steps=1000, schedule="cosine", ramp_steps=100, learning_rate=0.01)

    rates = [settings.learning_rate_at(step) for step in range(1000)]

    assert rates[0] == pytest.approx(1e-4, rel=0.01)
    assert max(rates) == pytest.approx(rates[99]) and rates[99] == pytest.approx(0.01, rel=0.03)
    assert rates[99:] == sorted(rates[99:], reverse=True) and 0 < rates[-1] < 1e-7


def test_warm_up_and_coarse_steps_come_first() -> None:
    settings = TrainingSettings(steps=10, warm_up_steps=3, coarse_steps=5, pairs=4)

    assert [settings.pairs_at(step) for step in (0, 2, 3, 9)] == [0, 0, 4, 4]
    assert [settings.resolution_at(step) for step in (0, 4, 5)] == [64, 64, 128]


@pytest.mark.parametrize(
    "change",
    [
        {"steps": 0}, {"batch_size": 0}, {"learning_rate": 0.0}, {"self_weight": -1.0},
        {"schedule": "linear"}, {"precision": "float64"}, {"pairs": 33}, {"average": 1.0},
        {"independent_sources": 1.5}, {"warm_up_steps": -1}, {"on_bad_data": "ignore"},
    ],
)  # fmt: skip
def test_settings_are_checked_by_name(change: dict[str, object]) -> None:
    with pytest.raises(UserError, match=next(iter(change))):
        replace(TrainingSettings(), **change)  # type: ignore[arg-type]


def test_an_unknown_preset_lists_those_there_are() -> None:
    names = ", ".join(preset.name for preset in TRAINING_PRESETS)
    with pytest.raises(UserError, match=names):
        training_preset("mpii")


@pytest.mark.parametrize("name", ["penn", "human36m", "bbc"])
def test_rotation_has_its_published_lambda_on_all_data_sets(name: str) -> None:
    preset = training_preset(name)

    assert preset.settings_for("rotation").self_weight == 1e-4
    assert preset.settings_for("transformer") == preset.settings
    assert replace(preset.settings_for("rotation"), self_weight=preset.settings.self_weight) == (
        preset.settings
    )
