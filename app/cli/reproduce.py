"""``python main.py reproduce EXPERIMENT``: the papers' tables and figures, ours beside theirs.

``python main.py report`` puts all results into one page that can be sent to somebody.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from app.cli import DATA_NAMES, Subparsers, keypointgan, sentence
from app.cli.options import (
    add_personalization,
    add_results,
    chosen_precision,
    chosen_settings,
    chosen_unit,
    number_list,
    only_first_frame,
)
from app.project import COMMAND
from model.core.errors import UserError
from model.experiments.catalogue import EXPERIMENTS, ROLES

if TYPE_CHECKING:
    from model.data.catalogue import Request
    from model.experiments.context import StudyRequest


def _add_experiments(subparsers: Subparsers) -> None:
    """Add a sub-command for each experiment of the paper."""
    for experiment in EXPERIMENTS.values():
        parser = subparsers.add_parser(
            experiment.name,
            help=experiment.help,
            description=f"{experiment.title}: {experiment.help}. Tables and pictures are written "
            "to a folder of the experiment's name, with ours beside the paper's own figures. What "
            "was computed before for a person is used again.",
        )
        _add_people(parser)
        _add_networks(parser)
        add_personalization(parser, published=True)
        parser.add_argument(
            "--workers",
            metavar="N",
            type=int,
            help="processes that go through people beside each other (default: one for each core)",
        )
        add_results(parser)
        parser.set_defaults(func=_run)


def _add_people(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("people")
    group.add_argument(
        "--data",
        metavar="NAME[=ROOT]",
        required=True,
        help=f"the data set to measure on, and its folder unless --root is given. Names: "
        f"{DATA_NAMES}",
    )
    group.add_argument("--root", metavar="DIR", help="the folder of --data")
    group.add_argument("--split", choices=("train", "test"), default="test", help="default: test")
    group.add_argument(
        "--development",
        metavar="NAME=ROOT",
        help="a data set whose training people choices are made on",
    )
    group.add_argument(
        "--aside",
        metavar="SHARE",
        type=float,
        help="of the --development people only those that training with the same --aside keeps out",
    )
    group.add_argument(
        "--extra",
        metavar="NAME=ROOT",
        help="a data set with more frames of the same people, learnt from without their labels "
        "(those of BBC Pose: --data bbc-extra)",
    )
    group.add_argument("--people", metavar="N", type=int, help="only N people, spread over the set")
    group.add_argument("--frames", metavar="N", type=int, help="only the first N of each person")


def _add_networks(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("networks and runs")
    group.add_argument(
        "--weights",
        metavar="ROLE=FILE",
        action="append",
        default=[],
        help=f"a network and its role; may be given several times. Roles: {', '.join(ROLES)}. A "
        "FILE alone is the transformer (default: the embedded network is the transformer)",
    )
    group.add_argument(
        "--seeds",
        metavar="LIST",
        default="0",
        help="of sources and augmentations, such as 0,1,2 (default: 0)",
    )
    group.add_argument(
        "--every", metavar="N", type=int, default=1, help="online only every N-th frame"
    )


def _run(args: argparse.Namespace) -> int:
    """Measure, write the results and print them."""
    from app.assets import PERCEPTUAL_WEIGHTS, PERSON_MASK
    from model.experiments.context import open_study

    request = study_request(args)
    with open_study(request, args.experiment, PERCEPTUAL_WEIGHTS, PERSON_MASK) as study:
        result = EXPERIMENTS[args.experiment].run(study)
        if study.first:
            result.write(study.folder)
            print(json.dumps(result.as_json()) if args.json else result.markdown().rstrip())
    return 0


def study_request(args: argparse.Namespace) -> StudyRequest:
    """The options as checked values; ``UserError`` says which make no sense."""
    from model.data.catalogue import Request
    from model.experiments.context import StudyRequest

    data = _data(args.data, args.root)
    return StudyRequest(
        data=data,
        split=args.split,
        weights=_weights(args.weights),
        out=args.out,
        development=None if args.development is None else Request.parse(args.development),
        aside=args.aside,
        extra=None if args.extra is None else Request.parse(args.extra),
        settings=chosen_settings(args, data.source.name),
        precision=chosen_precision(args),
        unit=chosen_unit(args),
        first_frame_only=only_first_frame(args),
        seeds=number_list(args.seeds),
        every=args.every,
        people=args.people,
        frames=args.frames,
        workers=(os.cpu_count() or 1) if args.workers is None else args.workers,
        device=args.device,
        quiet=args.json,
        command=f"{COMMAND} {shlex.join(sys.argv[1:])}",
    )


def _data(text: str, root: str | None) -> Request:
    from model.data.catalogue import Request

    if root is None:
        return Request.parse(text)
    if "=" in text:
        raise UserError(f"--data was {text!r} and --root {root!r}; give the folder only once.")
    return Request.parse(f"{text}={root}")


def _weights(texts: list[str]) -> dict[str, Path]:
    from app.assets import WEIGHTS

    found: dict[str, Path] = {}
    for text in texts:
        role, equals, file = text.partition("=")
        if role not in ROLES and (not equals or Path(text).exists()):
            role, file = "transformer", text
        if role not in ROLES or not file:
            raise UserError(
                f"The weights {text!r} are not of the form FILE or ROLE=FILE with one of these "
                f"roles: {', '.join(ROLES)}."
            )
        if role in found:
            raise UserError(f"There are several --weights of the role {role}; give only one.")
        found[role] = Path(file)
    return found or {"transformer": WEIGHTS}


def add_parser(subparsers: Subparsers) -> None:
    """Add ``reproduce`` with its experiments, and ``report``."""
    text = "a table or figure of the papers, with ours beside theirs"
    parser = subparsers.add_parser("reproduce", help=text, description=sentence(text))
    experiments = parser.add_subparsers(
        title="experiments", metavar="EXPERIMENT", dest="experiment", required=True
    )
    _add_experiments(experiments)
    keypointgan.add_experiments(experiments)
    _add_report(subparsers)


def _add_report(subparsers: Subparsers) -> None:
    """Register the command and its options."""
    text = "put the results of all experiments into one HTML page"
    parser = subparsers.add_parser(
        "report",
        help=text,
        description=f"{sentence(text)} The page has tables, pictures and how they were made, and "
        "needs no other file. A damaged result is named and left out.",
    )
    parser.add_argument(
        "--results",
        metavar="DIR",
        type=Path,
        default=Path("results"),
        help="the folder with a folder for each experiment (default: results)",
    )
    parser.add_argument(
        "--out",
        metavar="FILE",
        type=Path,
        help="where to write (default: report.html in the folder of the results)",
    )
    parser.set_defaults(func=_run_report)


def _run_report(args: argparse.Namespace) -> int:
    """Write the page; 1 when a damaged file is missing from it, else 0."""
    from datetime import date

    from model.experiments.report import Report

    report = Report.collect(args.results)
    out = args.results / "report.html" if args.out is None else args.out
    report.write(out, date.today())
    for problem in report.problems:
        print(f"damaged: {problem}", file=sys.stderr)
    print(f"{out}: {report.summary()}")
    return 1 if report.problems else 0
