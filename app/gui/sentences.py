"""What the machinery behind the window has to say, which knows no languages, in the window's."""

from __future__ import annotations

import re
from collections.abc import Iterable

from app.gui.language import tr

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
