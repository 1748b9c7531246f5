"""How the window looks: light and dark palettes, one font size, and icons of one family."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from PyQt6.QtCore import QByteArray, QRect, QRectF, QSize, Qt
from PyQt6.QtGui import (
    QColor,
    QFont,
    QGuiApplication,
    QIcon,
    QIconEngine,
    QPainter,
    QPalette,
    QPixmap,
)
from PyQt6.QtSvg import QSvgRenderer
from PyQt6.QtWidgets import QApplication

from app.gui import colours

FONT_PIXELS = 13


class Tone(enum.Enum):
    """What kind of state a message tells; each has its own colour."""

    NEUTRAL = "neutral"
    ACTIVE = "active"
    WARNING = "warning"
    PROGRESS = "progress"
    FROZEN = "frozen"


@dataclass(frozen=True)
class TonePair:
    """Fill and text colour of a message; the same in both themes, for it lies on the picture."""

    fill: QColor
    text: QColor


_INK = QColor(colours.GROUND)

TONES = {
    Tone.NEUTRAL: TonePair(QColor("#3A404B"), QColor("#F2F4F7")),
    Tone.ACTIVE: TonePair(QColor(colours.BLUE), QColor("#FFFFFF")),
    Tone.WARNING: TonePair(QColor(colours.YELLOW), _INK),
    Tone.PROGRESS: TonePair(QColor(colours.PURPLE), _INK),
    Tone.FROZEN: TonePair(QColor("#DCE3EC"), _INK),
}


@dataclass(frozen=True)
class _Scheme:
    window: str
    base: str
    raised: str
    border: str
    text: str
    muted: str
    disabled: str
    accent: str
    on_accent: str


_LIGHT = _Scheme(
    window="#F5F6F8",
    base="#FFFFFF",
    raised="#E8EBF0",
    border="#D3D8E0",
    text="#1B1F27",
    muted="#59616F",
    disabled="#9AA1AD",
    accent=colours.BLUE,
    on_accent="#FFFFFF",
)
_DARK = _Scheme(
    window="#1F2229",
    base="#181B21",
    raised="#2C313A",
    border="#3A404B",
    text="#E8EAEE",
    muted="#A3ABB8",
    disabled="#666E7B",
    accent="#4C9FDB",
    on_accent="#10131A",
)

_STYLE = """
QToolTip { background: palette(base); color: palette(text); border: 1px solid palette(mid);
           padding: 4px; }
QToolBar { background: palette(window); border: none; border-bottom: 1px solid palette(mid);
           padding: 0 8px; spacing: 4px; }
QToolBar::separator { background: palette(mid); width: 1px; margin: 4px 4px; }
QToolBar QToolButton { border: 1px solid transparent; border-radius: 6px; padding: 3px 8px; }
QToolBar QToolButton[popupMode="2"] { padding-right: 20px; }
QToolBar QToolButton#qt_toolbar_ext_button { padding: 0; }
QToolBar QToolButton::menu-indicator { subcontrol-position: right center; right: 6px; }
QToolBar QToolButton:hover { background: palette(midlight); }
QToolBar QToolButton:pressed { background: palette(mid); }
QToolBar QToolButton:checked { background: palette(midlight); border-color: palette(highlight); }
QDockWidget::title { background: palette(window); padding: 8px; }
QMainWindow::separator { background: palette(window); width: 8px; height: 8px; }
QStatusBar { border-top: 1px solid palette(mid); }
QStatusBar::item { border: none; }
"""


def apply_theme(app: QApplication) -> None:
    """Give the application its style, font and palette, and follow the system's light or dark."""
    app.setStyle("Fusion")
    app.setFont(_font(app.font()))
    app.setStyleSheet(_STYLE)
    hints = app.styleHints()
    assert hints is not None
    app.setPalette(palette(hints.colorScheme()))
    hints.colorSchemeChanged.connect(lambda scheme: app.setPalette(palette(scheme)))


def palette(scheme: Qt.ColorScheme) -> QPalette:
    """The palette of a colour scheme; an unknown scheme is light.

    Secondary text is ``PlaceholderText``, lines and borders are ``Mid``, a hovered control is
    ``Midlight``; widgets that paint themselves take their colours from these roles.
    """
    look = _DARK if scheme == Qt.ColorScheme.Dark else _LIGHT
    role = QPalette.ColorRole
    active = {
        role.Window: look.window,
        role.WindowText: look.text,
        role.Base: look.base,
        role.AlternateBase: look.window,
        role.Text: look.text,
        role.PlaceholderText: look.muted,
        role.Button: look.window,
        role.ButtonText: look.text,
        role.BrightText: look.on_accent,
        role.ToolTipBase: look.base,
        role.ToolTipText: look.text,
        role.Highlight: look.accent,
        role.HighlightedText: look.on_accent,
        role.Accent: look.accent,
        role.Link: look.accent,
        role.Light: look.base,
        role.Midlight: look.raised,
        role.Mid: look.border,
        role.Dark: look.disabled,
        role.Shadow: "#000000",
    }
    result = QPalette()
    for name, value in active.items():
        result.setColor(name, QColor(value))
    for name in (role.WindowText, role.Text, role.ButtonText):
        result.setColor(QPalette.ColorGroup.Disabled, name, QColor(look.disabled))
    return result


def is_dark(of: QPalette) -> bool:
    """Whether a palette is a dark one."""
    return of.color(QPalette.ColorRole.Window).lightness() < 128


def _font(system: QFont) -> QFont:
    font = QFont(system)
    font.setPixelSize(FONT_PIXELS)
    font.setFeature(QFont.Tag("tnum"), 1)  # numbers that change must not make the text dance
    return font


_FOLDER = Path(__file__).resolve().parents[2] / "assets" / "icons"


def icon(name: str) -> QIcon:
    """The icon called ``name``; it follows the application's palette, light or dark.

    Raises ``FileNotFoundError`` when ``assets/icons`` has no such icon.
    """
    _source(name)
    return QIcon(_TintedSvg(name))


def paint_icon(painter: QPainter, name: str, rect: QRectF, colour: QColor) -> None:
    """Draw the icon called ``name`` into ``rect`` in one colour."""
    tinted = _source(name).replace("currentColor", colour.name())
    QSvgRenderer(QByteArray(tinted.encode())).render(painter, rect)


class _TintedSvg(QIconEngine):
    """Asks for the palette's colour each time it draws, so a change of theme needs no new icon."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name

    def clone(self) -> QIconEngine:
        return _TintedSvg(self._name)

    def paint(
        self, painter: QPainter | None, rect: QRect, mode: QIcon.Mode, state: QIcon.State
    ) -> None:
        assert painter is not None
        paint_icon(painter, self._name, QRectF(rect), _tint(mode))

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        pixmap = QPixmap(size)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        self.paint(painter, QRect(0, 0, size.width(), size.height()), mode, state)
        painter.end()
        return pixmap


def _tint(mode: QIcon.Mode) -> QColor:
    palette = QGuiApplication.palette()
    if mode == QIcon.Mode.Disabled:
        return palette.color(QPalette.ColorGroup.Disabled, QPalette.ColorRole.ButtonText)
    if mode == QIcon.Mode.Selected:
        return palette.color(QPalette.ColorRole.HighlightedText)
    return palette.color(QPalette.ColorRole.ButtonText)


@cache
def _source(name: str) -> str:
    return (_FOLDER / f"{name}.svg").read_text(encoding="utf-8")
