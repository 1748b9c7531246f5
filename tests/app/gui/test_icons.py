from __future__ import annotations

from pathlib import Path

import pytest
from PyQt6.QtCore import QSize, Qt
from PyQt6.QtGui import QColor, QIcon, QImage, QPalette
from PyQt6.QtSvg import QSvgRenderer
from PyQt6.QtWidgets import QApplication

from app.gui.theme import icon, palette

_FOLDER = Path(__file__).resolve().parents[3] / "assets" / "icons"


def _inks(image: QImage) -> set[str]:
    colours = {
        image.pixelColor(x, y).name()
        for x in range(image.width())
        for y in range(image.height())
        if image.pixelColor(x, y).alpha() == 255
    }
    assert colours, "nothing was drawn"
    return colours


def _image(of: QIcon, mode: QIcon.Mode = QIcon.Mode.Normal) -> QImage:
    return of.pixmap(QSize(48, 48), 1.0, mode).toImage()


@pytest.mark.parametrize("path", sorted(_FOLDER.glob("*.svg")), ids=lambda path: path.stem)
def test_every_icon_is_drawn_in_the_palettes_text_colour(themed: QApplication, path: Path) -> None:
    themed.setPalette(palette(Qt.ColorScheme.Light))
    assert QSvgRenderer(str(path)).isValid()
    text = themed.palette().color(QPalette.ColorRole.ButtonText)
    assert _inks(_image(icon(path.stem))) == {text.name()}


def test_an_icon_follows_a_change_of_theme(themed: QApplication) -> None:
    themed.setPalette(palette(Qt.ColorScheme.Light))
    play = icon("play")
    light = _inks(_image(play))
    themed.setPalette(palette(Qt.ColorScheme.Dark))
    dark = _inks(_image(play))
    assert light != dark
    assert dark == {themed.palette().color(QPalette.ColorRole.ButtonText).name()}


def test_a_copy_of_an_icon_draws_the_same(themed: QApplication) -> None:
    original = icon("play")
    copy = QIcon(original)
    copy.addFile("")  # makes the copy independent of the original
    assert _image(copy) == _image(original)


def test_a_disabled_icon_is_fainter(themed: QApplication) -> None:
    themed.setPalette(palette(Qt.ColorScheme.Light))
    (disabled,) = _inks(_image(icon("play"), QIcon.Mode.Disabled))
    text = themed.palette().color(QPalette.ColorRole.ButtonText)
    assert QColor(disabled).lightness() > text.lightness()


def test_an_icon_that_is_not_there_is_an_error() -> None:
    with pytest.raises(FileNotFoundError):
        icon("no-such-icon")


def test_the_licence_of_the_icons_is_beside_them() -> None:
    assert "ISC License" in (_FOLDER / "LICENSE").read_text(encoding="utf-8")
