"""Options that several commands share, and Ctrl+C while a run goes on."""

from __future__ import annotations

import argparse
import json
import signal
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from app.cli import DATA_NAMES
from model.core.errors import UserError, check_number

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    from model.adaptation import PersonalizationSettings
    from model.core.device import ServingPrecision
    from model.data.masks import Masks
    from model.engine.run import TrainingResult
    from model.evaluation.personalized import Unit

Spec = TypeVar("Spec", bound="DataclassInstance")
Settings = TypeVar("Settings", bound="DataclassInstance")
Job = TypeVar("Job")


class Interruption:
    """Turns the first Ctrl+C into a question that is answered between steps."""

    def __init__(self) -> None:
        self._asked = False

    def asked(self) -> bool:
        return self._asked

    def __enter__(self) -> Interruption:
        self._former = signal.signal(signal.SIGINT, self._stop)
        return self

    def __exit__(self, *error: object) -> None:
        signal.signal(signal.SIGINT, self._former)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self._asked = True
        # A second Ctrl+C does not wait for the step to end.
        signal.signal(signal.SIGINT, self._former)


def assigned(texts: Sequence[str], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """The values of ``--set``, each of the kind that its default has.

    ``UserError`` lists the names there are.
    """
    found: dict[str, Any] = {}
    for text in texts:
        name, _, value = text.partition("=")
        try:
            kind: Callable[[str], Any] = type(defaults[name])
            found[name] = {"true": True, "false": False}[value] if kind is bool else kind(value)
        except (KeyError, ValueError):
            raise UserError(
                f"--set {text} is not NAME=VALUE with one of these settings and a value of its "
                f"kind: {', '.join(f'{name}={value}' for name, value in defaults.items())}."
            ) from None
    return found


def add_mask_folder(parser: argparse._ActionsContainer) -> None:
    """Add the folder; ``masks_of`` reads it."""
    parser.add_argument(
        "--mask-folder",
        metavar="DIR",
        type=Path,
        help="where masks are kept, which are found once for each frame (default: this user's "
        "cache folder)",
    )


def masks_of(args: argparse.Namespace) -> Masks:
    """What gives data sets their masks, by the mask in the box."""
    from app.assets import PERSON_MASK
    from app.settings import cache_folder
    from model.data.masks import Masks

    folder = args.mask_folder or cache_folder() / "masks"
    threads = max(1, getattr(args, "workers", 0) or 0)
    return Masks(PERSON_MASK, folder, threads=threads, quiet=args.json)


_OFFLINE = "offline_updates_per_frame"
_OPTIONS = (
    ("batch-size", "batch_size", int, "pairs of pictures per update"),
    ("iterations", "iterations", int, "optimiser steps on each batch"),
    ("learning-rate", "learning_rate", float, "Adam's learning rate"),
    ("scope", "scope", str, "what is updated: all, features, deconvolutions or last"),
    ("targets", "targets", str, "targets of online pairs: current, or random frames seen so far"),
    ("sources", "sources", str, "sources of online pairs: all frames seen so far, or recent ones"),
    ("offline-rate", _OFFLINE, float, "offline: updates per frame"),
)
_RESETS = "never, clip, cut (of the scene), first-frame (update on it alone), or every N frames"


def add_personalization(
    parser: argparse.ArgumentParser,
    *,
    resets: bool = True,
    offline: bool = True,
    published: bool = False,
) -> None:
    """Add the preset and what may be changed of it.

    Args:
        parser: The command's own.
        resets: Whether to ask when to start anew, and in which precision to compute.
        published: Whether to personalize as published, not as the app does, if no preset is given.
        offline: Whether the command can personalize offline. If not, the settings that nothing
            else heeds are not accepted.
    """
    group = parser.add_argument_group("personalization", "the preset's, unless given")
    usual = "paper, as published" if published else "steady, the app's own"
    group.add_argument(
        "--preset",
        metavar="NAME",
        default="paper" if published else None,
        help=f"steady, fast, gentle or paper (default: {usual})",
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
        usual = "float32 with the preset paper, else bfloat16 where the processor has it"
        add_serving_precision(group, usual)


def add_serving_precision(
    parser: argparse._ActionsContainer, usual: str = "whatever is faster on this machine"
) -> None:
    """Add what a trained network is computed in; ``usual`` says what it is without."""
    parser.add_argument(
        "--precision",
        choices=("float32", "bfloat16", "int8"),
        help="the precision of all that is computed, int8 being that of the trunk alone (default: "
        f"{usual})",
    )


def chosen_precision(args: argparse.Namespace) -> ServingPrecision | None:
    """The precision asked for, else the preset's; None: the device's own."""
    given: ServingPrecision | None = args.precision
    return given or ("float32" if args.preset == "paper" else None)


def chosen_settings(args: argparse.Namespace, data: str = "") -> PersonalizationSettings:
    """The settings that the options ask for on the data set called ``data``.

    ``UserError`` says which make no sense.
    """
    from dataclasses import asdict, replace

    from model.adaptation import PersonalizationSettings, preset

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
    return replace(preset(args.preset).settings_for(data), **given)


def chosen_unit(args: argparse.Namespace) -> Unit:
    """After what the trained weights come back: each person, or each clip."""
    return "clip" if args.reset == "clip" else "person"


def only_first_frame(args: argparse.Namespace) -> bool:
    """Whether only the first frame of a unit is learnt from."""
    return bool(args.reset == "first-frame")


def number_list(text: str) -> tuple[int, ...]:
    """Different whole numbers of 0 or more, separated by commas; ``UserError`` if not."""
    parts = text.split(",")
    if not all(part.strip().isdecimal() for part in parts) or len(set(parts)) < len(parts):
        raise UserError(f"The numbers were {text!r}; give different ones, such as 0,1,2.")
    return tuple(int(part) for part in parts)


def add_results(parser: argparse._ActionsContainer) -> None:
    """Add where an experiment computes, where its results go, and how it speaks."""
    add_device(parser)
    parser.add_argument(
        "--out",
        metavar="DIR",
        type=Path,
        default=Path("results"),
        help="where the results go (default: results)",
    )
    add_quiet_json(parser)


def add_scored(parser: argparse.ArgumentParser) -> None:
    """Add what is scored, and the network that is asked."""
    parser.add_argument(
        "--data",
        metavar="NAME=ROOT",
        required=True,
        help=f"a data set and its folder. Names: {DATA_NAMES}",
    )
    parser.add_argument("--split", choices=("train", "test"), default="test", help="default: test")
    parser.add_argument(
        "--weights", metavar="FILE", type=Path, help="a network to use instead of the embedded one"
    )


def add_device(parser: argparse._ActionsContainer) -> None:
    """Add where to compute."""
    parser.add_argument(
        "--device", metavar="NAME", help="auto, cpu, cuda, cuda:1 or mps (default: auto)"
    )


def add_quiet_json(parser: argparse._ActionsContainer) -> None:
    """Add ``--json`` for what otherwise shows its progress."""
    parser.add_argument(
        "--json", action="store_true", help="print one line of JSON and no progress"
    )


def add_run(parser: argparse.ArgumentParser) -> None:
    """Add where the run is kept, how long it goes on, and where it computes."""
    parser.add_argument(
        "--on-bad-data",
        choices=("stop", "skip"),
        default="stop",
        help="what a frame that cannot be used does (default: stop); skipped ones are named",
    )
    parser.add_argument("--out", metavar="DIR", type=Path, required=True, help="the run's folder")
    parser.add_argument("--resume", action="store_true", help="go on with the run in --out")
    parser.add_argument("--max-steps", metavar="N", type=int, help="stop after step N")
    add_device(parser)
    parser.add_argument(
        "--workers", metavar="N", type=int, default=0, help="processes that load pictures"
    )
    add_quiet_json(parser)


def run_options(args: argparse.Namespace) -> dict[str, Any]:
    """What ``add_run`` added, by the names that a ``StepsJob`` has for it.

    ``UserError`` if ``--workers`` or ``--max-steps`` makes no sense.
    """
    check_number("workers", args.workers, args.workers >= 0, "0 or more")
    if args.max_steps is not None:
        check_number("max-steps", args.max_steps, args.max_steps >= 1, "1 or more")
    return {
        "out": args.out,
        "skip_bad": args.on_bad_data == "skip",
        "resume": args.resume,
        "until": args.max_steps,
        "device": args.device,
        "workers": args.workers,
        "quiet": args.json,
    }


def add_steps(parser: argparse._ActionsContainer, text: str, examples: str) -> None:
    """Add the length of a training, described by ``text``, and any other setting."""
    parser.add_argument("--steps", metavar="N", type=int, help=text)
    parser.add_argument(
        "--set",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help=f"any other setting, such as {examples}; may be given several times",
    )


def chosen_training(
    args: argparse.Namespace,
    specs: type[Spec],
    settings: type[Settings],
    spec: Mapping[str, Any],
    preset: Mapping[str, Any] | None = None,
    *,
    fixed: str,
) -> tuple[Spec, Settings]:
    """The network and the settings that ``--steps`` and ``--set`` ask for.

    Args:
        args: what ``add_steps`` added.
        specs: the network's description.
        settings: the training's.
        spec: what is chosen of the network by other options.
        preset: what is chosen of the settings by other options.
        fixed: what of the network ``--set`` does not choose.

    Raises:
        UserError: a name or a value makes no sense.
    """
    from dataclasses import asdict

    of_network, of_training = dict(spec), dict(preset or {})
    if args.steps is not None:
        of_training["steps"] = args.steps
    known = asdict(settings())
    free = {name: value for name, value in asdict(specs(**spec)).items() if name != fixed}
    for name, value in assigned(args.set, {**known, **free}).items():
        (of_training if name in known else of_network)[name] = value
    return specs(**of_network), settings(**of_training)


class Report(Protocol):
    """What was measured, for programs, for people, and as files."""

    def as_json(self) -> dict[str, Any]: ...

    def markdown(self) -> str: ...

    def write(self, folder: Path) -> None: ...


def tell_report(args: argparse.Namespace, report: Report) -> None:
    """Print what was measured, and write it where ``--out`` says; ``UserError`` if not."""
    print(json.dumps(report.as_json()) if args.json else report.markdown().rstrip())
    if args.out is not None:
        report.write(args.out)


def tell(result: TrainingResult, *, as_json: bool, go_on: str = "Add --resume to go on.") -> int:
    """Print how far a run came, where its network is and how to ``go_on``; the exit code.

    Processes beside the first say nothing.
    """
    if result.rank:
        return 0
    if as_json:
        print(json.dumps({"steps": result.steps, "weights": str(result.weights)}))
        return 0
    print(f"{result.steps} steps are done.")
    if result.weights.exists():
        print(f"The network is {result.weights}")
    if not result.finished:
        print(go_on)
    return 0


def train_and_tell(
    args: argparse.Namespace, job: Job, run: Callable[[Job, Callable[[], bool]], TrainingResult]
) -> int:
    """Train, until Ctrl+C at most, and say where the network is; the exit code."""
    with Interruption() as interruption:
        result = run(job, interruption.asked)
    return tell(result, as_json=args.json)
