"""The window in other languages: every string of the translations is the program's own."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from PyQt6.QtCore import QCoreApplication, QLocale
from PyQt6.QtGui import QAction
from PyQt6.QtWidgets import QApplication, QToolButton
from pytestqt.qtbot import QtBot

from app.gui.language import (
    LANGUAGES,
    PHRASES,
    SENTENCES,
    TRANSLATIONS,
    in_own_words,
    read_messages,
    tr,
    use_language,
)
from app.gui.preferences import LEARNING, WINDOW, SettingsDialog, title_of
from app.gui.widgets import chip
from app.runtime.live import change
from app.runtime.live.results import Phase, WorkerStatus
from app.settings import AppSettings, Language
from model.adaptation import PRESETS
from tests.app.gui.window_fakes import FakeSession, make_window, tick

_APP = Path(__file__).resolve().parents[3] / "app"
_SETTINGS = _APP.parent / "model" / "adaptation" / "settings.py"
_FILES = sorted(TRANSLATIONS.glob("*.ts"))
_PLACEHOLDER = re.compile(r"\{\w*\}")
# What has no other name, and what tests put there.
_SAME_IN_ALL = {"", "Learns little from each picture"}


@pytest.fixture
def speak(qapp: QApplication) -> Iterator[None]:
    yield
    use_language(qapp, "English")


def _strings(tree: ast.AST) -> set[str]:
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def _own_strings() -> set[str]:
    """All strings of the program; names of settings as titles, and nouns in the plural too."""
    trees = [ast.parse(path.read_text("utf-8")) for path in (*_APP.rglob("*.py"), _SETTINGS)]
    found = set().union(*map(_strings, trees))
    return found | {f"{text}s" for text in found} | {title_of(name) for name in LEARNING | WINDOW}


def _asked() -> set[str]:
    """What the modules of the window hand to ``tr`` as it stands."""
    return {
        text
        for path in (_APP / "gui").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "tr"
        for text in _strings(ast.Tuple(elts=node.args))
    }


def test_every_language_has_a_file() -> None:
    assert [path.stem for path in _FILES] == sorted(LANGUAGES.values())


@pytest.mark.parametrize("path", _FILES, ids=lambda path: path.stem)
def test_every_translated_string_is_the_programs_and_its_placeholders_agree(path: Path) -> None:
    messages, own = read_messages(path), _own_strings()
    assert len({message.source for message in messages}) == len(messages)
    for source, translation in messages:
        assert source in own, source
        assert translation, source
        assert set(_PLACEHOLDER.findall(source)) == set(_PLACEHOLDER.findall(translation)), source
        assert ("&" in source) == ("&" in translation), source
        assert source.endswith("…") == translation.endswith("…"), source


@pytest.mark.parametrize("path", _FILES, ids=lambda path: path.stem)
def test_what_the_window_asks_for_is_translated(path: Path) -> None:
    known = {message.source for message in read_messages(path)}
    names = {title_of(name) for name in LEARNING | WINDOW}
    sentences = {*LEARNING.values(), *WINDOW.values()}
    sentences |= {text for preset in PRESETS for text in (preset.title, preset.description)}
    sentences |= {*SENTENCES, *PHRASES}
    for words in (change._ERROR, change._MIRROR, change._JITTER, change._REBUILT):
        sentences |= {*words}
    # Single letters are parts that names are put together of.
    assert {text for text in _asked() if len(text) > 1} | names | sentences <= known


def _patterns(node: ast.AST) -> Iterator[str]:
    """An expression for each string in ``node``, which fits whatever it is filled with."""
    if isinstance(node, ast.JoinedStr):
        parts = [
            re.escape(str(part.value)) if isinstance(part, ast.Constant) else ".*"
            for part in node.values
        ]
        yield re.sub(r"\.\*:\\ \.\*", ".*", "".join(parts))
    elif isinstance(node, ast.Constant):
        if isinstance(node.value, str):
            yield re.escape(node.value)
    else:
        for child in ast.iter_child_nodes(node):
            yield from _patterns(child)


_MACHINERY = [
    ast.parse(path.read_text("utf-8"))
    for folder in (_APP / "runtime", _APP.parent / "model")
    for path in folder.rglob("*.py")
]
_SAYING = {"_say", "_on_message", "_start_again"}


def test_what_the_machinery_says_is_known_to_the_window() -> None:
    said = {
        pattern
        for tree in _MACHINERY
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in _SAYING and node.args
        for pattern in _patterns(node.args[0])
    }
    assert len(said) > 10
    unknown = {each for each in said if not any(re.fullmatch(each, s) for s in SENTENCES)}
    assert unknown == set()


def test_what_the_window_knows_is_what_the_machinery_says() -> None:
    told = {
        pattern
        for tree in _MACHINERY
        for pattern in _patterns(tree)
        if len(pattern.replace(".*", "")) >= 5
    }
    for text in (*SENTENCES, *PHRASES):
        assert any(re.fullmatch(each, text) for each in told), text


@pytest.mark.usefixtures("speak")
@pytest.mark.parametrize(
    ("said", "german"),
    [
        (
            "Recorded 5 s (120 frames, 3 frames lost) to /takes/a (1).",
            "5 s (120 Bilder, 3 verloren) nach /takes/a (1) aufgenommen.",
        ),
        (
            "FaceTime HD has stopped sending pictures. Trying to reconnect.",
            "FaceTime HD sendet keine Bilder mehr. Die Verbindung wird neu gesucht.",
        ),
        ('The profile "{Off}" is saved.', "Das Profil „{Off}“ ist gespeichert."),
        ("jitter 0.40 %", "Zittern 0.40 %"),
        ("An error that nobody knows {yet}", "An error that nobody knows {yet}"),
    ],
)
def test_the_machinery_is_heard_in_the_windows_language(
    said: str, german: str, qtbot: QtBot, qapp: QApplication
) -> None:
    assert in_own_words(said) == said
    use_language(qapp, "Deutsch")
    assert in_own_words(said) == german
    session = FakeSession(messages=[said])
    window = make_window(qtbot, session)
    tick(window)
    assert window.messages.text() == german


@pytest.mark.usefixtures("speak")
@pytest.mark.parametrize(
    ("language", "source", "title", "off"),
    [("Deutsch", "Quelle", "Noch nichts zu sehen", "offline 50 %"), ("中文", "来源", None, None)],
)
def test_the_window_speaks_another_language(
    language: Language,
    source: str,
    title: str | None,
    off: str | None,
    qtbot: QtBot,
    qapp: QApplication,
) -> None:
    use_language(qapp, language)
    window = make_window(qtbot, FakeSession())
    tick(window)
    assert [b for b in window.findChildren(QToolButton) if b.accessibleName() == source]
    known = {m.translation for m in read_messages(TRANSLATIONS / f"{LANGUAGES[language]}.ts")}
    for action in window.findChildren(QAction):
        name = action.objectName()
        if name not in _SAME_IN_ALL:
            assert action.text() != name or action.text() in known
    if title is not None:
        assert tr("Nothing to look at yet") == title
    personalizing = chip(WorkerStatus(phase=Phase.PERSONALIZING, updates=2)).text
    assert personalizing != "personalizing · 2 updates" and "2" in personalizing
    window.commands.settings.trigger()
    dialog = window.findChild(SettingsDialog)
    assert dialog is not None and dialog.windowTitle() == tr("Settings") != "Settings"
    dialog.reject()
    # The tour finds its places whatever they are called.
    window.commands.tour.trigger()
    assert window._guide.tour is not None
    window._guide.tour.end()


@pytest.mark.usefixtures("speak")
def test_names_by_which_keys_are_remembered_stay_english(qtbot: QtBot, qapp: QApplication) -> None:
    use_language(qapp, "Deutsch")
    settings = AppSettings(welcomed=True, shortcuts={"Personalize": "F7"})
    window = make_window(qtbot, FakeSession(), settings=settings)
    assert window.commands.personalize.shortcut().toString() == "F7"
    assert window.commands.personalize.text() == "Personalisieren"
    names = {action.objectName() for action in window.findChildren(QAction)}
    window.close()
    use_language(qapp, "English")
    again = make_window(qtbot, FakeSession(), settings=settings)
    assert names == {action.objectName() for action in again.findChildren(QAction)}


@pytest.mark.usefixtures("speak")
@pytest.mark.parametrize(
    ("names", "word"),
    [
        (["de-AT", "de"], "Spiegeln"),
        (["zh-CN", "zh-Hans-CN"], "镜像"),
        (["en-GB", "de"], "Mirror"),
        (["fr-FR", "de"], "Spiegeln"),
        (["zh-Hant-TW", "zh-TW"], "Mirror"),
        (["C"], "Mirror"),
        ([], "Mirror"),
    ],
)
def test_the_systems_language_is_spoken_where_it_is_known(
    names: list[str], word: str, qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QLocale, "uiLanguages", lambda _locale: names)
    use_language(qapp, "system")
    assert tr("Mirror") == word


@pytest.mark.usefixtures("speak")
def test_qts_own_buttons_are_translated_too(qapp: QApplication) -> None:
    use_language(qapp, "Deutsch")
    assert QCoreApplication.translate("QPlatformTheme", "Cancel") == "Abbrechen"
    use_language(qapp, "English")
    assert QCoreApplication.translate("QPlatformTheme", "Cancel") == "Cancel"
