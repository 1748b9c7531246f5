"""``python main.py train hourglass``: the supervised row of KeypointGAN's tables."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from app.cli import DATA_NAMES, Subparsers
from app.cli.options import Interruption, add_run, add_steps, chosen_training, run_options, tell

if TYPE_CHECKING:
    from model.keypointgan.hourglass import HourglassJob


def add_parser(subparsers: Subparsers) -> None:
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
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Train and say where the network is."""
    from model.keypointgan.hourglass import run_hourglass_training

    job = _job(args)
    with Interruption() as interruption:
        result = run_hourglass_training(job, interruption.asked)
    return tell(result, as_json=args.json)


def _job(args: argparse.Namespace) -> HourglassJob:
    from model.data.catalogue import Request
    from model.keypointgan.hourglass import HourglassJob, HourglassSettings, HourglassSpec

    options = run_options(args)
    data = Request.parse(args.data)
    given = {"joints": data.source.joints}
    spec, settings = chosen_training(args, HourglassSpec, HourglassSettings, given, fixed="joints")
    return HourglassJob(spec=spec, settings=settings, data=data, **options)
