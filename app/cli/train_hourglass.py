"""``python main.py train hourglass``: the supervised row of KeypointGAN's tables."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from app.cli import DATA_NAMES, Subparsers
from app.cli.options import Interruption, add_run, assigned, check_run, tell

if TYPE_CHECKING:
    from model.keypointgan.supervised import HourglassJob


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
    parser.add_argument("--steps", metavar="N", type=int, help="optimiser steps in all")
    parser.add_argument(
        "--set",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="any other setting, such as stacks=2, width=64, size=128, batch_size=16 or "
        "drop_at=300000; may be given several times",
    )
    add_run(parser)
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Train and say where the network is."""
    from model.keypointgan.supervised import run_hourglass_training

    job = _job(args)
    with Interruption() as interruption:
        result = run_hourglass_training(job, interruption.asked)
    return tell(result, as_json=args.json)


def _job(args: argparse.Namespace) -> HourglassJob:
    from dataclasses import asdict

    from model.data.catalogue import Request
    from model.keypointgan.hourglass import HourglassSpec
    from model.keypointgan.supervised import HourglassJob, HourglassSettings

    check_run(args)
    data = Request.parse(args.data)
    spec: dict[str, Any] = {"joints": data.source.joints}
    settings: dict[str, Any] = {} if args.steps is None else {"steps": args.steps}
    known = asdict(HourglassSettings())
    free = {name: v for name, v in asdict(HourglassSpec(**spec)).items() if name != "joints"}
    for name, value in assigned(args.set, {**known, **free}).items():
        (settings if name in known else spec)[name] = value
    return HourglassJob(
        spec=HourglassSpec(**spec),
        settings=HourglassSettings(**settings),
        data=data,
        out=args.out,
        skip_bad=args.on_bad_data == "skip",
        resume=args.resume,
        until=args.max_steps,
        device=args.device,
        workers=args.workers,
        quiet=args.json,
    )
