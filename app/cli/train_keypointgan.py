"""``python main.py train keypointgan``: pictures of people, and poses of whoever, unpaired."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from app.cli import DATA_NAMES, Subparsers
from app.cli.options import (
    Interruption,
    add_mask_folder,
    add_run,
    add_steps,
    chosen_training,
    masks_of,
    run_options,
    tell,
)

if TYPE_CHECKING:
    from model.keypointgan.job import KeypointGanJob
    from model.keypointgan.settings import KeypointGanSettings, KeypointGanSpec

_ABLATIONS = "keypointgan, cyclegan, conditional, bottleneck or cyclegan-one-cycle"


def add_parser(subparsers: Subparsers) -> None:
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
    add_network(parser)
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
    parser.set_defaults(func=run)


def add_network(parser: argparse._ActionsContainer) -> None:
    """Add what chooses network and schedule; ``job_on`` reads it."""
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


def job_on(args: argparse.Namespace, data: list[str], ablation: str) -> KeypointGanJob:
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
    from model.core.errors import UserError
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


def run(args: argparse.Namespace) -> int:
    """Train and say where the network is."""
    from model.keypointgan.job import run_gan_training

    job = _job(args)
    with Interruption() as interruption:
        result = run_gan_training(job, interruption.asked)
    return tell(result, as_json=args.json)


def _job(args: argparse.Namespace) -> KeypointGanJob:
    from dataclasses import replace

    from model.core.errors import check_number
    from model.data.catalogue import Request

    options = run_options(args)
    check_number("--aside", args.aside, 0 <= args.aside < 1, "from 0 to below 1")
    if (size := args.prior_size) is not None:
        check_number("--prior-size", size, size >= 1, "1 or more")
    return replace(
        job_on(args, args.data, args.ablation),
        prior_size=args.prior_size,
        validation=[Request.parse(text) for text in args.validate],
        aside=args.aside,
        **options,
    )
