from __future__ import annotations

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtGui import QColor, QPalette
from PyQt6.QtWidgets import QApplication

from app.gui import colours, theme
from app.gui.colours import Hue, contrast_ratio
from app.gui.theme import TONES, Tone, apply_theme, is_dark, palette

_SCHEMES = [Qt.ColorScheme.Light, Qt.ColorScheme.Dark]
_ROLE = QPalette.ColorRole


@pytest.mark.parametrize("scheme", _SCHEMES)
@pytest.mark.parametrize(
    ("text", "ground"),
    [
        (_ROLE.WindowText, _ROLE.Window),
        (_ROLE.Text, _ROLE.Base),
        (_ROLE.Text, _ROLE.AlternateBase),
        (_ROLE.ButtonText, _ROLE.Button),
        (_ROLE.ButtonText, _ROLE.Midlight),
        (_ROLE.ToolTipText, _ROLE.ToolTipBase),
        (_ROLE.HighlightedText, _ROLE.Highlight),
        (_ROLE.PlaceholderText, _ROLE.Window),
        (_ROLE.PlaceholderText, _ROLE.Base),
        (_ROLE.PlaceholderText, _ROLE.Midlight),
        (_ROLE.Link, _ROLE.Window),
    ],
)
def test_text_can_be_read(
    qapp: QApplication, scheme: Qt.ColorScheme, text: _ROLE, ground: _ROLE
) -> None:
    look = palette(scheme)
    assert contrast_ratio(look.color(text), look.color(ground)) >= 4.5


@pytest.mark.parametrize("tone", Tone)
def test_every_tone_can_be_read(tone: Tone) -> None:
    assert contrast_ratio(TONES[tone].fill, TONES[tone].text) >= 4.5


def test_tones_differ_from_each_other_and_from_the_sides_of_the_body() -> None:
    fills = {TONES[tone].fill.name() for tone in Tone}
    assert len(fills) == len(Tone)
    assert not fills & {QColor(side).name() for side in colours.SIDES.values()}


@pytest.mark.parametrize("scheme", _SCHEMES)
@pytest.mark.parametrize("hue", Hue)
def test_curves_stand_out_from_the_window(scheme: Qt.ColorScheme, hue: Hue) -> None:
    look = palette(scheme)
    curve = hue.colour(dark=is_dark(look))
    assert contrast_ratio(curve, look.color(_ROLE.Window)) >= 3


def test_an_unknown_scheme_is_light(qapp: QApplication) -> None:
    assert palette(Qt.ColorScheme.Unknown) == palette(Qt.ColorScheme.Light)
    assert not is_dark(palette(Qt.ColorScheme.Light))
    assert is_dark(palette(Qt.ColorScheme.Dark))


def test_the_application_follows_the_system(themed: QApplication) -> None:
    apply_theme(themed)
    hints = themed.styleHints()
    assert hints is not None
    hints.colorSchemeChanged.emit(Qt.ColorScheme.Dark)
    assert is_dark(themed.palette())
    hints.colorSchemeChanged.emit(Qt.ColorScheme.Light)
    assert not is_dark(themed.palette())


def test_the_font_has_one_size(themed: QApplication) -> None:
    apply_theme(themed)
    assert themed.font().pixelSize() == theme.FONT_PIXELS
