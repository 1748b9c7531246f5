"""Settings survive a restart, and a damaged file never stops the application."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.settings import (
    AppSettings,
    CameraMode,
    Overlays,
    SourceChoice,
    SourceKind,
    ViewSettings,
    load_settings,
    save_settings,
)
from model.core.errors import UserError

FULL = AppSettings(
    source=SourceChoice(SourceKind.CAMERA, "Kamera – große & 2"),
    recent=(
        SourceChoice(SourceKind.VIDEO, "/videos/größer.mp4"),
        SourceChoice(SourceKind.IMAGES, "/pictures"),
    ),
    explaining=True,
    people=ViewSettings(Overlays(skeleton=False, box=True), b"\x00\xff"),
    explain=ViewSettings(Overlays(angles=True), b"panels"),
    preset="gentle",
    personalization={"learning_rate": 1e-5, "scope": "all", "guard": True, "batch_size": 3},
    keypoint_gan="/weights/Größe.safetensors",
    smoothing=True,
    mirrored=True,
    looping=False,
    camera=CameraMode(640, 480, 30),
    shortcuts={"play": "F5", "record": ""},
    welcomed=True,
    language="中文",
    geometry=bytes(range(256)),
)


@pytest.mark.parametrize("settings", [AppSettings(), FULL])
def test_what_is_saved_is_loaded(tmp_path: Path, settings: AppSettings) -> None:
    path = tmp_path / "new" / "folder" / "settings.json"
    save_settings(settings, path)
    assert load_settings(path) == (settings, None)
    assert [p.name for p in path.parent.iterdir()] == ["settings.json"]


def test_a_first_start_gives_the_defaults_without_a_message(tmp_path: Path) -> None:
    assert load_settings(tmp_path / "settings.json") == (AppSettings(), None)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"source": {"kind": "telescope", "value": "x"}}',
        '{"source": "camera"}',
        '{"people": {"overlays": {"skeleton": "yes"}}}',
        '{"explain": {"state": "not base64!"}}',
        '{"explain": 3}',
        '{"recent": {"kind": "video"}}',
        '{"personalization": {"guard": []}}',
        '{"shortcuts": {"play": 3}}',
        '{"camera": {"width": "wide"}}',
        '{"preset": 3}',
        '{"keypoint_gan": 3}',
        '{"smoothing": 1}',
        '{"geometry": "not base64!"}',
        "[" * 200_000,
    ],
)
def test_a_damaged_file_gives_the_defaults_and_says_so(tmp_path: Path, text: str) -> None:
    path = tmp_path / "settings.json"
    path.write_text(text, encoding="utf-8")
    settings, message = load_settings(path)
    assert settings == AppSettings()
    assert message is not None
    assert str(path) in message
    # The next save would replace it.
    assert "settings.json.damaged" in message
    assert (tmp_path / "settings.json.damaged").read_text(encoding="utf-8") == text


@pytest.mark.fault(
    "The settings file is altered at any byte",
    "What can be used is used, or else the standard settings, with a sentence; the damaged "
    "file is kept beside it.",
)
@given(place=st.floats(0, 1), change=st.sampled_from(["cut", "zero", "flip", "twice", "high"]))
def test_a_file_that_is_damaged_anywhere_gives_settings_that_can_be_used(
    tmp_path_factory: pytest.TempPathFactory, place: float, change: str
) -> None:
    path = tmp_path_factory.mktemp("any") / "settings.json"
    save_settings(FULL, path)
    whole = path.read_bytes()
    at = round(place * (len(whole) - 1))
    byte = {"zero": b"\0", "flip": bytes([whole[at] ^ 1]), "twice": whole[at : at + 1] * 2}
    rest = b"" if change == "cut" else byte.get(change, b"\xff") + whole[at + 1 :]
    path.write_bytes(whole[:at] + rest)
    settings, message = load_settings(path)
    assert isinstance(settings, AppSettings)
    assert (message is None) == path.exists()
    save_settings(settings, path)
    assert load_settings(path) == (settings, None)


@pytest.mark.fault("The settings file is altered at any byte")
@given(data=st.binary(max_size=64))
def test_no_bytes_at_all_stop_the_application(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    path = tmp_path_factory.mktemp("any") / "settings.json"
    path.write_bytes(data)
    assert isinstance(load_settings(path)[0], AppSettings)


def test_what_a_newer_version_wrote_is_not_damage(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    save_settings(FULL, path)
    record = json.loads(path.read_text(encoding="utf-8"))
    record["people"]["overlays"]["halo"] = True
    record["zoom"] = 2
    path.write_text(json.dumps(record), encoding="utf-8")
    assert load_settings(path) == (FULL, None)


def test_a_camera_mode_that_is_not_offered_is_not_used(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_text('{"camera": {"width": 3, "height": 2, "fps": 1}}', encoding="utf-8")
    assert load_settings(path) == (AppSettings(), None)


@pytest.mark.fault("The settings cannot be saved", "The older file stays whole.")
def test_a_save_that_fails_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "settings.json"
    save_settings(FULL, path)

    def full_disk(_source: Path, _target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full_disk)
    with pytest.raises(UserError, match="No space left on device"):
        save_settings(AppSettings(), path)
    assert load_settings(path) == (FULL, None)
    assert len(list(tmp_path.iterdir())) == 1


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(UserError, match=r"settings\.json"):
        save_settings(AppSettings(), tmp_path / "file" / "settings.json")
