"""KeypointGAN's commands: its training, that of the hourglass beside it, and its tables.

``python main.py train keypointgan`` learns from pictures of people, and poses of whoever, unpaired;
``train hourglass`` gives the supervised row of its tables; ``reproduce keypointgan-table1`` and so
on are these tables.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from app.cli import DATA_NAMES, Subparsers
from app.cli.options import (
    Interruption,
    add_mask_folder,
    add_results,
    add_run,
    add_steps,
    chosen_training,
    masks_of,
    number_list,
    run_options,
    train_and_tell,
)
from app.project import COMMAND
from model.core.errors import UserError, check_number
from model.experiments.catalogue import GAN_EXPERIMENTS

if TYPE_CHECKING:
    from model.experiments.gan_study import GanRequest
    from model.keypointgan.hourglass import HourglassJob
    from model.keypointgan.job import KeypointGanJob
    from model.keypointgan.settings import KeypointGanSettings, KeypointGanSpec


_ABLATIONS = "keypointgan, cyclegan, conditional, bottleneck or cyclegan-one-cycle"


def add_training(subparsers: Subparsers) -> None:
    """Register the command and its options."""
    text = "KeypointGAN: points without a labelled picture, from unpaired poses"
    parser = subparsers.add_parser(
        "keypointgan",
        help=text,
        description=f"{text}. Trains the regressor on drawn poses first, then all networks. Writes "
        "last.safetensors, panel.png, log.csv, tensorboard/ and checkpoint.pt; Ctrl+C saves a "
        "checkpoint, from which --resume goes on exactly. Labels of --data are never learnt from. "
        "Start it under torchrun to use several GPUs.",
    )
    data = parser.add_argument_group("data")
    data.add_argument(
        "--data",
        metavar="NAME=ROOT[@W]",
        action="append",
        required=True,
        help="pictures; may be given several times, W being the share drawn from each. Names: "
        f"{DATA_NAMES}",
    )
    data.add_argument(
        "--prior",
        metavar="NAME=ROOT",
        action="append",
        default=[],
        help="poses of other people; without, pictures come from the first half of every clip of "
        "--data and poses from the second, as published",
    )
    data.add_argument("--prior-size", metavar="N", type=int, help="only N poses of the prior")
    data.add_argument(
        "--validate", metavar="NAME=ROOT", action="append", default=[], help="a set to measure on"
    )
    data.add_argument(
        "--aside",
        metavar="SHARE",
        type=float,
        default=0.0,
        help="share of the people of --data kept aside to measure on (0 to 1, default: 0)",
    )
    _add_network(parser)
    parser.add_argument(
        "--start",
        metavar="FILE",
        type=Path,
        help="go on from these weights with other pictures or another prior; another run's "
        "checkpoint.pt brings its discriminators and optimisers as well",
    )
    parser.add_argument(
        "--ablation", metavar="NAME", default="keypointgan", help=f"a row of Table 4: {_ABLATIONS}"
    )
    add_run(parser)
    parser.set_defaults(func=_train)


def _add_network(parser: argparse._ActionsContainer) -> None:
    """Add what chooses network and schedule; ``_job_on`` reads it."""
    group = parser.add_argument_group("network and schedule")
    group.add_argument(
        "--preset",
        metavar="NAME",
        default="paper",
        help="paper or small, for a CPU (default: paper)",
    )
    group.add_argument(
        "--skeleton",
        metavar="SET",
        help="h36m32, penn13, mpi28, faces68 or cat7 (default: the first data set's joints)",
    )
    group.add_argument(
        "--mask",
        choices=("none", "person"),
        default="none",
        help="person: all pictures are put on black by the person mask first (default: none)",
    )
    add_mask_folder(group)
    add_steps(group, "steps of the main training", "batch_size=8, size=64 or perceptual=relu")
    group.add_argument(
        "--regressor", metavar="FILE", type=Path, help="take the trained regressor of these weights"
    )
    group.add_argument(
        "--features",
        metavar="FILE",
        type=Path,
        help="the perceptual network: MatConvNet's imagenet-vgg-verydeep-19.mat, as in the "
        "released code, or torchvision's VGG-19 or VGG-16 (default: the embedded VGG-16)",
    )


def _job_on(args: argparse.Namespace, data: list[str], ablation: str) -> KeypointGanJob:
    """The training on the pictures ``data``, with whatever a table and a run are asked alike."""
    from app.assets import PERCEPTUAL_WEIGHTS
    from model.data.catalogue import Request
    from model.keypointgan.job import KeypointGanJob

    images = [Request.parse(text) for text in data]
    spec, settings = _chosen(args, images[0].source.joints, ablation)
    return KeypointGanJob(
        spec=spec,
        settings=settings,
        images=images,
        out=args.out,
        perceptual=args.features or PERCEPTUAL_WEIGHTS,
        prior=[Request.parse(text) for text in args.prior],
        regressor=args.regressor,
        start=getattr(args, "start", None),
        masks=masks_of(args),
        device=args.device,
        workers=args.workers,
        quiet=args.json,
    )


def _chosen(
    args: argparse.Namespace, joints: str, ablation: str
) -> tuple[KeypointGanSpec, KeypointGanSettings]:
    """The networks and settings asked for; ``joints`` is the skeleton unless one is named."""
    from model.keypointgan.settings import (
        VARIANTS,
        KeypointGanSettings,
        KeypointGanSpec,
        gan_preset,
    )

    if ablation not in VARIANTS:
        raise UserError(f"There is no ablation {ablation!r}. Choose one of: {', '.join(VARIANTS)}.")
    preset = gan_preset(args.preset)
    spec = {"skeleton_name": args.skeleton or joints, "mask": args.mask, **preset.spec}
    spec |= VARIANTS[ablation][1]
    return chosen_training(
        args, KeypointGanSpec, KeypointGanSettings, spec, preset.settings, fixed="skeleton_name"
    )


def _train(args: argparse.Namespace) -> int:
    """Train and say where the network is."""
    from model.keypointgan.job import run_gan_training

    return train_and_tell(args, _job(args), run_gan_training)


def _job(args: argparse.Namespace) -> KeypointGanJob:
    from dataclasses import replace

    from model.data.catalogue import Request

    options = run_options(args)
    check_number("--aside", args.aside, 0 <= args.aside < 1, "from 0 to below 1")
    if (size := args.prior_size) is not None:
        check_number("--prior-size", size, size >= 1, "1 or more")
    return replace(
        _job_on(args, args.data, args.ablation),
        prior_size=args.prior_size,
        validation=[Request.parse(text) for text in args.validate],
        aside=args.aside,
        **options,
    )


def add_hourglass(subparsers: Subparsers) -> None:
    """Register the command and its options."""
    text = "the stacked hourglass that KeypointGAN's tables compare with: supervised"
    parser = subparsers.add_parser(
        "hourglass",
        help=text,
        description=f"Train {text}. Start it under torchrun to use several GPUs. Writes "
        "last.safetensors, panel.png, log.csv, tensorboard/ and checkpoint.pt; Ctrl+C saves a "
        "checkpoint, from which --resume goes on exactly.",
    )
    parser.add_argument(
        "--data",
        metavar="NAME=ROOT",
        required=True,
        help=f"pictures with their joints. Names: {DATA_NAMES}",
    )
    examples = "stacks=2, width=64, size=128, batch_size=16 or drop_at=300000"
    add_steps(parser, "optimiser steps in all", examples)
    add_run(parser)
    parser.set_defaults(func=_train_hourglass)


def _train_hourglass(args: argparse.Namespace) -> int:
    """Train and say where the network is."""
    from model.keypointgan.hourglass import run_hourglass_training

    return train_and_tell(args, _hourglass_job(args), run_hourglass_training)


def _hourglass_job(args: argparse.Namespace) -> HourglassJob:
    from model.data.catalogue import Request
    from model.keypointgan.hourglass import HourglassJob, HourglassSettings, HourglassSpec

    options = run_options(args)
    data = Request.parse(args.data)
    given = {"joints": data.source.joints}
    spec, settings = chosen_training(args, HourglassSpec, HourglassSettings, given, fixed="joints")
    return HourglassJob(spec=spec, settings=settings, data=data, **options)


_ROLES = (
    "keypointgan, mpi, hourglass, imm, cyclegan, conditional, bottleneck, cyclegan-one-cycle, "
    "prior-N"
)


def add_experiments(subparsers: Subparsers) -> None:
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
        parser.set_defaults(func=_run_experiment)


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
    _add_network(parser)
    group.add_argument(
        "--workers", metavar="N", type=int, default=0, help="processes that load pictures"
    )


def _run_experiment(args: argparse.Namespace) -> int:
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
    if not args.pictures:
        if args.prior or args.then:
            raise UserError(
                "--prior and --then are for training, which needs --pictures NAME=ROOT as well."
            )
        return None
    if args.then_steps is not None:
        check_number("then-steps", args.then_steps, args.then_steps >= 1, "1 or more")
    check_number("workers", args.workers, args.workers >= 0, "0 or more")
    return _job_on(args, args.pictures, "keypointgan")


def _weights(texts: list[str]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for text in texts:
        role, equals, file = text.partition("=")
        if not equals or Path(text).exists():
            role, file = "keypointgan", text
        if role in found:
            raise UserError(f"There are several --weights of the role {role}; give only one.")
        found[role] = Path(file)
    return found
