"""The language of the window: Qt's translation, from .ts files that Qt Linguist edits."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

from PyQt6.QtCore import QCoreApplication, QLibraryInfo, QLocale, QObject, QTranslator

from app.assets import ASSETS
from app.settings import Language

CONTEXT = "window"
"""Qt's name for the group that all of the window's strings are in."""
TRANSLATIONS = ASSETS / "translations"
LANGUAGES: dict[Language, str] = {"Deutsch": "de", "中文": "zh_CN"}
"""The file of each language that the window is translated to."""


def tr(text: str, /, **values: object) -> str:
    """``text`` in the language of the window, with the ``values`` of its ``{names}``.

    A text that has no translation stays as it is.
    """
    translated = QCoreApplication.translate(CONTEXT, text)
    return translated.format(**values) if values else translated


class Message(NamedTuple):
    """A string of the program and its translation."""

    source: str
    translation: str


def read_messages(path: Path) -> list[Message]:
    """The finished messages of a .ts file."""
    return [
        Message(message.findtext("source") or "", translation.text or "")
        for message in ElementTree.parse(path).iter("message")
        if (translation := message.find("translation")) is not None
        and translation.get("type") is None
    ]


class Translation(QTranslator):
    """Reads the .ts file itself, so that nothing has to be compiled."""

    def __init__(self, path: Path, parent: QObject) -> None:
        super().__init__(parent)
        self._texts = {m.source: m.translation for m in read_messages(path)}

    def translate(
        self,
        context: str | None,
        sourceText: str | None,  # noqa: N803 - Qt's name
        disambiguation: str | None = None,
        n: int = -1,
    ) -> str:
        # None lets Qt ask the translator after this one, and the program's own words at the end.
        return self._texts.get(sourceText or "") if context == CONTEXT else None  # type: ignore[return-value]

    def isEmpty(self) -> bool:
        return not self._texts


def use_language(app: QCoreApplication, wanted: Language) -> None:
    """Speak ``wanted`` in every window that is made from now on."""
    for former in app.findChildren(QTranslator):
        app.removeTranslator(former)
        former.deleteLater()
    code = LANGUAGES.get(_of_system() if wanted == "system" else wanted)
    if code is None:
        return
    # Buttons and dialogs that Qt makes have a translation of its own.
    of_qt = QTranslator(app)
    of_qt.load(f"qtbase_{code}", QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath))
    for translator in (of_qt, Translation(TRANSLATIONS / f"{code}.ts", app)):
        app.installTranslator(translator)


def _of_system() -> Language:
    """The first of the user's languages that the window speaks."""
    for name in QLocale.system().uiLanguages():
        locale = QLocale(name)
        if locale.language() is QLocale.Language.English:
            break
        if locale.language() is QLocale.Language.German:
            return "Deutsch"
        if locale.script() is QLocale.Script.SimplifiedHanScript:
            return "中文"
    return "English"
