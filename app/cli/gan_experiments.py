"""``python main.py reproduce keypointgan-table1`` and so on: the tables of KeypointGAN."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from app.cli import DATA_NAMES, Subparsers
from app.cli.options import Interruption, add_results, masks_of, number_list
from app.cli.train_keypointgan import add_network, job_on
from app.project import COMMAND
from model.experiments.catalogue import GAN_EXPERIMENTS

if TYPE_CHECKING:
    from model.experiments.gan_study import GanRequest
    from model.keypointgan.job import KeypointGanJob

_ROLES = (
    "keypointgan, mpi, hourglass, imm, cyclegan, conditional, bottleneck, cyclegan-one-cycle, "
    "prior-N"
)


def add_gan_experiments(subparsers: Subparsers) -> None:
    """Add a sub-command for each table."""
    for experiment in GAN_EXPERIMENTS.values():
        parser = subparsers.add_parser(
            experiment.name,
            help=experiment.help,
            description=f"{experiment.title}: {experiment.help}. Networks that no weights are "
            "given for are trained on --pictures and --prior and kept in --out, so that a table "
            "that was stopped goes on and others use them again.",
        )
        _add_measured(parser)
        _add_training(parser)
        add_results(parser)
        parser.set_defaults(func=run)


def _add_measured(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("what is measured")
    group.add_argument(
        "--data", metavar="NAME=ROOT", required=True, help=f"pictures with labels: {DATA_NAMES}"
    )
    group.add_argument("--split", choices=("train", "test"), default="test", help="default: test")
    group.add_argument(
        "--weights",
        metavar="ROLE=FILE",
        action="append",
        default=[],
        help=f"a trained network; a FILE alone is keypointgan. Roles: {_ROLES}",
    )
    group.add_argument(
        "--labelled",
        metavar="NAME=ROOT",
        help="training people whose labels post-processing and IMM's regression are fitted to",
    )
    group.add_argument(
        "--unit",
        choices=("image", "pixels", "inter-ocular", "inter-pupil"),
        help="of the errors: the picture's side, pixels, or the distance of the outer eye corners "
        "or of the pupils (default: the table's own)",
    )
    group.add_argument(
        "--scored",
        choices=("all", "original"),
        help="all of Human3.6M's 32 points, or its original 17 (default: 17 for Table 2)",
    )
    group.add_argument(
        "--every", metavar="N", type=int, default=1, help="only every N-th picture (default: 1)"
    )
    group.add_argument(
        "--sizes",
        metavar="LIST",
        default="5000,500,50",
        help="of Table 5's priors (default: 5000,500,50)",
    )


def _add_training(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("training of networks that are not given")
    group.add_argument(
        "--pictures", metavar="NAME=ROOT[@W]", action="append", default=[], help="pictures"
    )
    group.add_argument(
        "--prior", metavar="NAME=ROOT", action="append", default=[], help="poses of other people"
    )
    group.add_argument(
        "--then",
        metavar="NAME=ROOT[@W]",
        action="append",
        default=[],
        help="pictures that each network goes on with after --pictures, as 300-W after VoxCeleb2",
    )
    group.add_argument(
        "--then-steps", metavar="N", type=int, help="steps on --then (default: as many again)"
    )
    add_network(parser)
    group.add_argument(
        "--workers", metavar="N", type=int, default=0, help="processes that load pictures"
    )


def run(args: argparse.Namespace) -> int:
    """Measure, write the results and print them."""
    from model.experiments.gan_study import GanStudy

    request = _request(args)
    with Interruption() as interruption:
        study = GanStudy(request, request.out / args.experiment, interruption.asked)
        result = GAN_EXPERIMENTS[args.experiment].run(study)
    result.write(study.folder)
    print(json.dumps(result.as_json()) if args.json else result.markdown().rstrip())
    return 0


def _request(args: argparse.Namespace) -> GanRequest:
    from model.data.catalogue import Request
    from model.experiments.gan_study import GanRequest

    return GanRequest(
        data=Request.parse(args.data),
        split=args.split,
        weights=_weights(args.weights),
        out=args.out,
        training=_training(args),
        then=tuple(map(Request.parse, args.then)),
        then_steps=args.then_steps,
        labelled=None if args.labelled is None else Request.parse(args.labelled),
        sizes=number_list(args.sizes),
        unit=args.unit,
        every=args.every,
        points=args.scored,
        masks=masks_of(args),
        device=args.device,
        quiet=args.json,
        command=(*COMMAND.split(), *sys.argv[1:]),
    )


def _training(args: argparse.Namespace) -> KeypointGanJob | None:
    from model.core.errors import UserError, check_number

    if not args.pictures:
        if args.prior or args.then:
            raise UserError(
                "--prior and --then are for training, which needs --pictures NAME=ROOT as well."
            )
        return None
    if args.then_steps is not None:
        check_number("then-steps", args.then_steps, args.then_steps >= 1, "1 or more")
    check_number("workers", args.workers, args.workers >= 0, "0 or more")
    return job_on(args, args.pictures, "keypointgan")


def _weights(texts: list[str]) -> dict[str, Path]:
    from model.core.errors import UserError

    found: dict[str, Path] = {}
    for text in texts:
        role, equals, file = text.partition("=")
        if not equals or Path(text).exists():
            role, file = "keypointgan", text
        if role in found:
            raise UserError(f"There are several --weights of the role {role}; give only one.")
        found[role] = Path(file)
    return found
