"""Which screen Qt will use, decided from the environment before Qt is asked."""

from __future__ import annotations

import pytest

from app import diagnosis as screen_module
from app.diagnosis import QT_LIBRARIES, find_screen, require_screen
from model.core.errors import UserError


@pytest.fixture
def answering_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(screen_module, "_x_server_answers", lambda name: True)


@pytest.mark.usefixtures("answering_server")
@pytest.mark.parametrize(
    ("environment", "system", "platform"),
    [
        ({"DISPLAY": ":0"}, "linux", "xcb"),
        ({"DISPLAY": ":0", "WAYLAND_DISPLAY": "wayland-0"}, "linux", "wayland"),
        (
            {"DISPLAY": ":0", "WAYLAND_DISPLAY": "wayland-0", "QT_QPA_PLATFORM": "xcb"},
            "linux",
            "xcb",
        ),
        ({"QT_QPA_PLATFORM": "offscreen:size=800x600"}, "linux", "offscreen"),
        ({}, "darwin", "cocoa"),
        ({}, "win32", "windows"),
    ],
)
def test_usable_screens(environment: dict[str, str], system: str, platform: str) -> None:
    screen = find_screen(environment, system)
    assert screen.usable
    assert screen.platform == platform


def test_no_screen_says_what_still_works() -> None:
    screen = find_screen({}, "linux")
    assert not screen.usable
    assert "QT_QPA_PLATFORM=offscreen" in screen.sentence


def test_a_display_without_a_server_is_no_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(screen_module, "_x_server_answers", lambda name: False)
    screen = find_screen({"DISPLAY": ":77"}, "linux")
    assert not screen.usable
    assert ":77" in screen.sentence


@pytest.mark.usefixtures("answering_server")
def test_missing_libraries_stop_the_window_with_their_packages(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM", "xcb")
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr(screen_module, "xcb_plugin", lambda: screen_module)
    monkeypatch.setattr(screen_module, "missing_libraries", lambda plugin: [QT_LIBRARIES[0]])
    with pytest.raises(UserError, match=f"apt-get install {QT_LIBRARIES[0].debian}"):
        require_screen()


def test_offscreen_asks_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    require_screen()
