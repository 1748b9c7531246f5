from __future__ import annotations

from dataclasses import replace

import pytest

from model.adaptation import DEFAULT_PRESET, PRESETS, PersonalizationSettings, preset
from model.adaptation.settings import method_of
from model.core.errors import UserError


def test_defaults_are_the_papers() -> None:
    settings = PersonalizationSettings()
    assert settings.learning_rate == 1e-4
    assert settings.batch_size == 32
    assert settings.iterations == 1
    assert settings.scope == "all"
    assert settings.targets == "current"
    assert settings.sources == "all"
    assert settings.source_box == "target"
    assert settings.reset_every == 0
    assert preset("paper").settings == settings


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("learning_rate", 0.0),
        ("learning_rate", float("nan")),
        ("batch_size", 0),
        ("iterations", 0),
        ("reset_every", -1),
        ("offline_updates_per_frame", 0.0),
        ("scope", "everything"),
        ("targets", "none"),
        ("augmentations", "wild"),
        ("consistency", -1.0),
        ("independent_sources", 1.5),
        ("anchor", -0.1),
        ("whole_step_loss", -0.1),
        ("trained_share", 1.5),
        ("average", 1.0),
        ("warm_up", -1),
        ("offline_rotation", 1.1),
        ("rotations", "two"),
        ("running_means", "kept"),
    ],
)
def test_a_bad_value_is_refused_by_name(name: str, value: object) -> None:
    with pytest.raises(UserError, match=name):
        PersonalizationSettings(**{name: value})  # type: ignore[arg-type]


def test_something_must_be_learnt_from() -> None:
    with pytest.raises(UserError, match="self_weight and consistency were both 0"):
        PersonalizationSettings(self_weight=0.0)


def test_presets_are_found_by_name_and_the_first_is_the_default() -> None:
    assert DEFAULT_PRESET is PRESETS[0]
    for candidate in PRESETS:
        assert preset(candidate.name) is candidate
    with pytest.raises(UserError, match="gentle"):
        preset("rough")


@pytest.mark.parametrize(
    ("data", "share"),
    [("penn", 0.6), ("penn-as-released", 0.6), ("bbc", 1.0), ("bbc-as-released", 1.0),
     ("human36m", 1.0), ("shards", 0.6)],
)  # fmt: skip
def test_offline_pairs_are_turned_as_each_released_reader_does(data: str, share: float) -> None:
    assert preset("paper").settings_for(data).offline_rotation == share
    assert preset("steady").settings_for(data) == preset("steady").settings


def test_a_method_is_named_by_its_preset_and_what_differs() -> None:
    paper = preset("paper").settings
    assert method_of(paper, "penn") == "preset paper (as published)"
    assert method_of(preset("paper").settings_for("bbc"), "bbc") == "preset paper (as published)"
    changed = replace(paper, batch_size=4, iterations=2)
    assert method_of(changed) == "preset paper (as published), but batch_size=4, iterations=2"
    assert method_of(preset("steady").settings) == "preset steady (steady)"
