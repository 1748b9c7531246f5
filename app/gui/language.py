"""The window's language: Qt's translations from .ts files, and the machinery's own sentences."""

from __future__ import annotations

import re
from collections.abc import Iterable
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


SENTENCES = (
    # A pattern with more words comes before one that would fit it too.
    "Recorded {seconds} s ({frames} frames, {lost} frames lost) to {folder}.",
    "Recorded {seconds} s ({frames} frames) to {folder}.",
    "Nothing was recorded, for no picture came.",
    "Recording failed: {error}.",
    "The source stopped: {error}.",
    "The source cannot be read ({error}). Check it, or choose another one.",
    "The source does not answer. Check that it is connected and not in use by another program, or "
    "choose another source.",
    "{sentence} Trying to reconnect.",
    "{camera} has stopped sending pictures.",
    "{camera} has sent the very same picture for {seconds} seconds.",
    "{camera} is back.",
    'The camera "{camera}" was asked for, but no camera was found. Connect one, and check that it '
    "is switched on and not held back by privacy settings.",
    'There is no camera "{camera}". Choose one of: {cameras}.',
    'The camera "{camera}" is there but does not open. Close other programs that use it and check '
    "that this one may use the camera, or choose another one.",
    'The camera "{camera}" opens but sends no picture. Unplug it and plug it in again, or choose '
    "another one.",
    'The camera "{camera}" does not answer. Unplug it and plug it in again, or choose another one.',
    'There is no file "{path}". Give the path of a video file that exists.',
    '"{path}" cannot be played: it is no video, or it is damaged. Give a video file such as MP4, '
    "MOV, AVI, MKV or WebM.",
    'There is no folder "{path}". Give a folder that holds pictures.',
    'The folder "{path}" holds no pictures. Give a folder with files that end in {endings}.',
    "Predicting starts again, with the trained weights.",
    "Predicting starts again, with what was learnt.",
    "Predicting has stopped. Press Reset to start it again first.",
    "Predicting could not be started again. {sentence}",
    "Predicting or personalizing failed ({error}). Press Reset to start it again.",
    "The memory of the graphics card does not suffice. The processor goes on, with what was "
    "learnt; it is slower.",
    "The network {network} has no self-supervised task and cannot be personalized. Start with "
    "--weights of another variant.",
    "Nothing has been learnt yet. Personalize for a while, then save.",
    'The profile "{name}" is saved.',
    'There is a profile "{name}" already. Choose another name, or delete that one first.',
    'The profile "{name}" is not there any more.',
    "Learning from the video failed ({error}). Nothing was changed; try it again, or with fewer "
    "videos.",
    'Nobody was found in "{name}". Nothing was changed; leave it out, or choose a video that shows '
    "the whole person.",
    "No frame was predicted yet. Play the source for a while, then export.",
    "The network, as trained, is written to {path}",
    "The network, personalized by {updates} updates, is written to {path}",
    "The network was not written ({error}). Try again.",
    "The processor {title} failed ({error}) and was switched off.",
    "The processor {title} failed ({error}) and was not closed.",
    "The setting {name} was {value}; it must be from {least} to {most}.",
    "The setting {name} was {value}; it must be in {range}.",
    "The setting {name} was {value}; it must be 0 or more.",
    "The settings self_weight and consistency were both 0, and nothing would be learnt. Give at "
    "least one of them a weight.",
    "KeypointGAN stopped with {file} ({error}). Choose its weights again, or other ones.",
)
"""Messages and common errors. A ``{sentence}`` within one is translated for itself."""

PHRASES = (
    "finding the person",
    "learning",
    "{count} frames that were not learnt from",
    "{count} frames",
    "error {percent} %",
    "jitter {percent} %",
    "an update of {pairs} pairs takes about {update} s and a frame comes every {frame} s",
)
"""Parts of what the window shows."""


def in_own_words(text: str) -> str:
    """A sentence or phrase of the machinery in the language of the window.

    What is not known here, such as a rare error, stays as it is.
    """
    for template, pattern in _PATTERNS:
        if found := pattern.fullmatch(text):
            values = found.groupdict()
            if "sentence" in values:
                values["sentence"] = in_own_words(values["sentence"])
            return tr(template, **values)
    return tr(text)


def _patterns(templates: Iterable[str]) -> list[tuple[str, re.Pattern[str]]]:
    """Each template with an expression that fits what it may have been filled with."""
    found = []
    for template in templates:
        parts = re.split(r"\{(\w+)\}", template)
        names = [f"(?P<{part}>.+?)" if i % 2 else re.escape(part) for i, part in enumerate(parts)]
        found.append((template, re.compile("".join(names), re.DOTALL)))
    return found


_PATTERNS = _patterns((*SENTENCES, *PHRASES))
