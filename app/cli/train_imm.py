"""``python main.py train imm``: landmarks from pictures alone."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from app.cli import DATA_NAMES, Subparsers
from app.cli.options import Interruption, add_run, add_steps, chosen_training, run_options, tell

if TYPE_CHECKING:
    from model.imm.training import ImmJob


def add_parser(subparsers: Subparsers) -> None:
    """Register the command and its options."""
    text = "IMM: landmarks from pictures alone, by redrawing one picture in another's pose"
    parser = subparsers.add_parser(
        "imm",
        help=text,
        description=f"{text}. Labels of --data are never learnt from. Start it under torchrun to "
        "use several GPUs. Writes last.safetensors, panel.png, log.csv, tensorboard/ and "
        "checkpoint.pt; Ctrl+C saves a checkpoint, from which --resume goes on exactly.",
    )
    parser.add_argument(
        "--data",
        metavar="NAME=ROOT",
        required=True,
        help=f"pictures, and their folder. Names: {DATA_NAMES}",
    )
    parser.add_argument(
        "--points", metavar="K", type=int, default=30, help="landmarks (default: 30)"
    )
    add_steps(parser, "optimiser steps in all", "pairs=video, batch_size=16 or size=64")
    parser.add_argument(
        "--features",
        metavar="FILE",
        type=Path,
        help="the perceptual network (default: the embedded VGG-16; the authors' is given with "
        "--set features=colorization --set initial_means=published)",
    )
    parser.add_argument(
        "--start",
        metavar="FILE",
        type=Path,
        help="go on from another run's checkpoint.pt with optimiser and learning rate as they "
        "were, as published for AFLW after CelebA; or from a weight file, with new ones",
    )
    add_run(parser)
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Train and say where the network is."""
    from model.imm.training import run_imm_training

    job = _job(args)
    with Interruption() as interruption:
        result = run_imm_training(job, interruption.asked)
    return tell(result, as_json=args.json)


def _job(args: argparse.Namespace) -> ImmJob:
    from app.assets import PERCEPTUAL_WEIGHTS
    from model.data.catalogue import Request
    from model.imm.networks import ImmSpec
    from model.imm.training import ImmJob, ImmSettings

    options = run_options(args)
    given = {"points": args.points}
    spec, settings = chosen_training(args, ImmSpec, ImmSettings, given, fixed="points")
    return ImmJob(
        spec=spec,
        settings=settings,
        data=Request.parse(args.data),
        features=args.features or PERCEPTUAL_WEIGHTS,
        start=args.start,
        **options,
    )
