"""``python main.py train VARIANT``: train a network on data sets of one's own."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from app.commands import Subparsers, add_mixture, sentence, train_imm, train_keypoint_gan
from app.commands.interruption import Interruption

if TYPE_CHECKING:
    from model.data.catalogue import Request
    from model.training.job import TrainingJob
    from model.training.settings import TrainingSettings

_VARIANTS = {
    "baseline": "the supervised head alone",
    "rotation": "the supervised head, and the rotation of the picture as a second task",
    "keypoint": "the supervised head, and self-supervised keypoints that share its features",
    "transformer": "the supervised head, joined to self-supervised keypoints by the affinity "
    "transformer",
}


def add_parser(subparsers: Subparsers) -> None:
    """Register the command and its options."""
    text = "train a network on data sets"
    parser = subparsers.add_parser("train", help=text, description=sentence(text))
    networks = parser.add_subparsers(
        title="networks", metavar="NETWORK", dest="variant", required=True
    )
    for variant, title in _VARIANTS.items():
        _add_variant(networks, variant, title)
    train_imm.add_parser(networks)
    train_keypoint_gan.add_parser(networks)


def _add_variant(subparsers: Subparsers, variant: str, title: str) -> None:
    parser = subparsers.add_parser(
        variant,
        help=title,
        description=f"Train the {variant} network: {title}. Start it under torchrun to use several "
        "GPUs. Writes last.safetensors, best.safetensors, log.csv, tensorboard/ and checkpoint.pt; "
        "Ctrl+C saves a checkpoint, from which --resume goes on exactly.",
    )
    _add_data(parser)
    if variant == "keypoint":
        parser.add_argument(
            "--without-labels",
            action="store_true",
            help="train the self-supervised branch alone, without looking at a label",
        )
    _add_network(parser)
    _add_schedule(parser)
    parser.add_argument("--out", metavar="DIR", type=Path, required=True, help="the run's folder")
    parser.add_argument("--resume", action="store_true", help="go on with the run in --out")
    parser.add_argument(
        "--device", metavar="NAME", help="auto, cpu, cuda, cuda:1 or mps (default: auto)"
    )
    parser.add_argument(
        "--workers", metavar="N", type=int, default=2, help="processes that load pictures"
    )
    parser.add_argument(
        "--json", action="store_true", help="print one line of JSON and no progress"
    )
    parser.set_defaults(func=run)


def _add_data(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("data")
    add_mixture(group)
    group.add_argument(
        "--validate", metavar="NAME=ROOT", action="append", default=[], help="a set to validate on"
    )
    group.add_argument(
        "--aside",
        metavar="SHARE",
        type=float,
        default=0.0,
        help="share of the people kept aside for development (0 to 1, default: 0)",
    )
    group.add_argument(
        "--on-bad-data",
        choices=("stop", "skip"),
        help="what a frame that cannot be used does (default: stop); skipped ones are named",
    )


def _add_network(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("network")
    group.add_argument(
        "--backbone",
        metavar="NAME",
        help="resnet18, resnet34, resnet50, movenet-thunder or movenet-lightning (default: the "
        "preset's)",
    )
    group.add_argument("--joints", metavar="SET", help="joint set (default: the first data set's)")
    group.add_argument(
        "--crop-shift",
        metavar="SHARE",
        type=float,
        help="how far crops are moved down, in shares of the person box (default: as --start was "
        "trained, or as the first data set is by itself: shards 0, others the published 0.075)",
    )
    first = group.add_mutually_exclusive_group()
    first.add_argument(
        "--start",
        metavar="FILE",
        type=Path,
        help="go on from these weights; of another variant, from the parts that both have",
    )
    first.add_argument(
        "--imagenet",
        metavar="FILE",
        help="first weights of the backbone: a safetensors file, or torchvision to download them",
    )


def _add_schedule(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("schedule", "the preset's, unless given")
    group.add_argument(
        "--preset", metavar="NAME", default="penn", help="penn, human36m, bbc or jhmdb"
    )
    for option, kind, text in (
        ("steps", int, "optimiser steps in all"),
        ("batch-size", int, "examples per step, over all processes"),
        ("micro-batch", int, "examples computed at a time"),
        ("pairs", int, "examples of a batch that are reconstructed; 0: all"),
        ("coarse-steps", int, "first steps, which reconstruct at half the resolution"),
        ("independent-sources", float, "share of sources augmented by themselves; paper: 0"),
        ("warm-up-steps", int, "first steps, with the supervised loss alone"),
        ("learning-rate", float, "Adam's learning rate at the start"),
        ("schedule", str, "how the learning rate falls: steps or cosine"),
        ("self-weight", float, "lambda, the weight of the self-supervised loss"),
        ("average", float, "decay of the moving average of the weights; 0: none"),
        ("precision", str, "what is computed with: float32 or bfloat16"),
        ("validate-every", int, "steps from one validation to the next"),
        ("checkpoint-every", int, "steps from one checkpoint to the next"),
        ("probe-every", int, "steps from one probe of the gain to the next; 0: none"),
        ("seed", int, "the seed of all that is random"),
    ):
        group.add_argument(f"--{option}", metavar="X", type=kind, help=text)
    group.add_argument(
        "--max-steps", metavar="N", type=int, help="stop after step N of the schedule"
    )


def run(args: argparse.Namespace) -> int:
    """Train and say where the network is."""
    from model.training.job import run_training

    job = _job(args)
    with Interruption() as interruption:
        result = run_training(job, interruption.asked)
    if result is None:
        return 0
    if args.json:
        print(json.dumps({"steps": result.steps, "weights": str(result.weights)}))
        return 0
    print(f"{result.steps} steps are done. The network is {result.weights}")
    if not result.finished:
        print("Add --resume to go on.")
    return 0


def _job(args: argparse.Namespace) -> TrainingJob:
    from app.assets import PERCEPTUAL_WEIGHTS
    from model.data.catalogue import Request
    from model.errors import UserError
    from model.networks import NetworkSpec
    from model.training.job import TrainingJob
    from model.training.settings import training_preset

    preset = training_preset(args.preset)
    if not 0 <= args.aside < 1:
        raise UserError(f"--aside was {args.aside}; it is a share from 0 to below 1.")
    data = [Request.parse(text) for text in args.data]
    return TrainingJob(
        spec=NetworkSpec(
            variant=args.variant,
            backbone=args.backbone or preset.backbone,
            joints=args.joints or data[0].source.joints,
            crop_shift=_crop_shift(args, data),
        ),
        settings=_settings(args, preset.settings),
        data=data,
        out=args.out,
        perceptual=PERCEPTUAL_WEIGHTS,
        validation=[Request.parse(text) for text in args.validate],
        aside=args.aside,
        start=args.start,
        imagenet=args.imagenet,
        resume=args.resume,
        until=args.max_steps,
        device=args.device,
        workers=args.workers,
        quiet=args.json,
    )


def _crop_shift(args: argparse.Namespace, data: list[Request]) -> float:
    from model.weights import read_spec

    if args.crop_shift is not None:
        return float(args.crop_shift)
    return data[0].source.crop_shift if args.start is None else read_spec(args.start).crop_shift


def _settings(args: argparse.Namespace, settings: TrainingSettings) -> TrainingSettings:
    names = (
        "steps", "batch_size", "micro_batch", "pairs", "warm_up_steps", "coarse_steps",
        "independent_sources", "learning_rate", "schedule", "self_weight", "average", "precision",
        "validate_every", "checkpoint_every", "probe_every", "seed", "on_bad_data",
    )  # fmt: skip
    given = {name: getattr(args, name) for name in names if getattr(args, name) is not None}
    if getattr(args, "without_labels", False):
        given = {"self_weight": 1.0, **given, "supervised": False, "warm_up_steps": 0}
    return replace(settings, **given)
