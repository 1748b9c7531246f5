"""The options that say how a network is personalized, for all commands that measure it."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from app.commands.assignments import assigned

if TYPE_CHECKING:
    from model.evaluation.protocol import Unit
    from model.personalization import PersonalizationSettings

_OFFLINE = "offline_updates_per_frame"
_OPTIONS = (
    ("batch", "batch_size", int, "pairs of pictures per update"),
    ("iterations", "iterations", int, "optimiser steps on each batch"),
    ("learning-rate", "learning_rate", float, "Adam's learning rate"),
    ("scope", "scope", str, "what is updated: all, features or deconvolutions"),
    ("targets", "targets", str, "targets of online pairs: current, or random frames seen so far"),
    ("sources", "sources", str, "sources of online pairs: all frames seen so far, or recent ones"),
    ("offline-rate", _OFFLINE, float, "offline: updates per frame"),
)
_RESETS = "never, clip, cut (of the scene), first-frame (update on it alone), or every N frames"


def add_personalization(
    parser: argparse.ArgumentParser, *, resets: bool = True, offline: bool = True
) -> None:
    """Add the preset and what may be changed of it.

    Args:
        parser: The command's own.
        resets: Whether to ask when to start anew.
        offline: Whether the command can personalize offline. If not, the settings that nothing
            else heeds are not accepted.
    """
    group = parser.add_argument_group("personalization", "the preset's, unless given")
    group.add_argument(
        "--preset", metavar="NAME", help="steady, gentle or paper (default: steady, the app's own)"
    )
    for option, name, kind, text in _OPTIONS:
        if offline or name != _OFFLINE:
            group.add_argument(f"--{option}", metavar="X", dest=name, type=kind, help=text)
    group.add_argument(
        "--set",
        metavar="NAME=VALUE",
        dest="assigned",
        action="append",
        default=[],
        help="any other setting, as --set teacher=trained; may be given several times",
    )
    if resets:
        group.add_argument("--reset", metavar="WHEN", help=f"online: {_RESETS} (default: never)")


def chosen_settings(args: argparse.Namespace) -> PersonalizationSettings:
    """The settings that the options ask for; ``UserError`` says which make no sense."""
    from dataclasses import asdict, replace

    from model.errors import UserError
    from model.personalization import PersonalizationSettings, preset

    names = [name for _, name, _, _ in _OPTIONS if name in args]
    given: dict[str, Any] = {n: getattr(args, n) for n in names if getattr(args, n) is not None}
    known = asdict(PersonalizationSettings())
    if _OFFLINE not in args:
        del known[_OFFLINE]
    given |= assigned(args.assigned, known)
    when = getattr(args, "reset", None)
    if when == "cut":
        given["reset_on_cut"] = True
    elif when is not None and when.isdecimal() and int(when) > 0:
        given["reset_every"] = int(when)
    elif when not in (None, "never", "clip", "first-frame"):
        raise UserError(f"--reset was {when!r}; it is {_RESETS}.")
    return replace(preset(args.preset).settings, **given)


def chosen_unit(args: argparse.Namespace) -> Unit:
    """After what the trained weights come back: each person, or each clip."""
    return "clip" if args.reset == "clip" else "person"


def only_first_frame(args: argparse.Namespace) -> bool:
    """Whether only the first frame of a unit is learnt from."""
    return bool(args.reset == "first-frame")


def number_list(text: str) -> tuple[int, ...]:
    """Different whole numbers of 0 or more, separated by commas; ``UserError`` if not."""
    from model.errors import UserError

    parts = text.split(",")
    if not all(part.strip().isdecimal() for part in parts) or len(set(parts)) < len(parts):
        raise UserError(f"The numbers were {text!r}; give different ones, such as 0,1,2.")
    return tuple(int(part) for part in parts)
