"""``python main.py train VARIANT``: train a network on data sets of one's own."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.cli import Subparsers, add_mixture, imm, keypointgan, sentence
from app.cli.options import (
    Interruption,
    add_device,
    add_mask_folder,
    add_quiet_json,
    masks_of,
    tell,
)
from model.core.errors import UserError

if TYPE_CHECKING:
    from model.data.catalogue import Request
    from model.ttp.networks import NetworkSpec
    from model.ttp.training.job import ResidentJob, TrainingJob
    from model.ttp.training.settings import ResidentSettings, TrainingPreset, TrainingSettings

    Preset = TrainingPreset[TrainingSettings] | TrainingPreset[ResidentSettings]

_VARIANTS = {
    "baseline": "the supervised head alone",
    "rotation": "the supervised head, and the rotation of the picture as a second task",
    "keypoint": "the supervised head, and self-supervised keypoints that share its features",
    "transformer": "the supervised head, joined to self-supervised keypoints by the affinity "
    "transformer",
}

# Options that say nothing to training by steps, and those that say nothing to --resident.
_OF_RESIDENT = (
    "minutes", "trunk_rate", "frozen", "coarse", "meta_every", "meta_rate", "look_every",
    "joint_weight", "pairs_from", "outside",
)  # fmt: skip
_OF_STEPS = (
    "steps", "micro_batch", "warm_up_steps", "coarse_steps", "schedule", "validate_every",
    "checkpoint_every", "probe_every", "max_steps", "on_bad_data", "resume", "without_labels",
)  # fmt: skip


def add_parser(subparsers: Subparsers) -> None:
    """Register the command and its options."""
    text = "train a network on data sets"
    parser = subparsers.add_parser("train", help=text, description=sentence(text))
    networks = parser.add_subparsers(
        title="networks", metavar="NETWORK", dest="variant", required=True
    )
    for variant, title in _VARIANTS.items():
        _add_variant(networks, variant, title)
    imm.add_training(networks)
    keypointgan.add_training(networks)
    keypointgan.add_hourglass(networks)


def _add_variant(subparsers: Subparsers, variant: str, title: str) -> None:
    parser = subparsers.add_parser(
        variant,
        help=title,
        description=f"Train the {variant} network: {title}. Start it under torchrun to use several "
        "GPUs. Writes last.safetensors, best.safetensors, log.csv, tensorboard/ and checkpoint.pt; "
        "Ctrl+C saves a checkpoint, from which --resume goes on exactly. With --resident it trains "
        "for so many --minutes with all pictures in the memory of one device, and Ctrl+C saves the "
        "network.",
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
    _add_resident(parser)
    parser.add_argument("--out", metavar="DIR", type=Path, required=True, help="the run's folder")
    parser.add_argument("--resume", action="store_true", help="go on with the run in --out")
    add_device(parser)
    parser.add_argument(
        "--workers",
        metavar="N",
        type=int,
        default=2,
        help="processes that load pictures (default: 2); with --resident, threads",
    )
    add_quiet_json(parser)
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
        help="resnet18, resnet34, resnet50, resnet-mini (for first tries), movenet-thunder or "
        "movenet-lightning (default: the preset's)",
    )
    group.add_argument("--joints", metavar="SET", help="joint set (default: the first data set's)")
    group.add_argument(
        "--channel-order",
        choices=("rgb", "bgr"),
        help="what pictures are fed as: blue first, as the released code reads them, or red first, "
        "as their statistics, ImageNet's and VGG-16's weights mean them (default: as --start was "
        "trained, else the preset's: bgr for penn, human36m and bbc, rgb for ours)",
    )
    group.add_argument(
        "--crop-shift",
        metavar="SHARE",
        type=float,
        help="how far crops are moved down, in shares of the person box (default: as --start was "
        "trained, or as the first data set is by itself: shards 0, others the published 0.075)",
    )
    group.add_argument(
        "--mask",
        choices=("none", "person"),
        help="what is reconstructed: the whole picture, as published, or the person alone, the "
        "rest being masked (default: as --start was trained, else none)",
    )
    add_mask_folder(group)
    group.add_argument(
        "--rebuilt",
        metavar="SIDE",
        type=int,
        choices=(128, 64),
        help="pixels of what is reconstructed: 128, as published, or 64 at a quarter of the cost "
        "(default: as --start was trained, else 128)",
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
        help="first weights of the backbone: a safetensors file, or torchvision to download its "
        "first version, IMAGENET1K_V1, as published",
    )
    first.add_argument(
        "--movenet",
        metavar="FILE",
        type=Path,
        help="first weights of a MoveNet backbone: MoveNet's single-person .onnx file",
    )


def _add_schedule(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("schedule", "the preset's, unless given")
    group.add_argument(
        "--preset",
        metavar="NAME",
        help="penn, human36m, bbc, jhmdb or jhmdb-finish (default: penn); with --resident movenet, "
        "movenet-joint or movenet-finish (default: movenet)",
    )
    for option, kind, text in (
        ("steps", int, "optimiser steps in all"),
        ("batch-size", int, "examples per step, over all processes"),
        ("micro-batch", int, "examples computed at a time"),
        ("pairs", int, "examples of a batch that are reconstructed; 0: all that can be"),
        ("coarse-steps", int, "first steps, which reconstruct at half the resolution"),
        ("augmentation", str, "what pictures go through: paper, strong or mild"),
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


def _add_resident(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group(
        "resident training",
        "All pictures lie on the device, as squares of one size in each data set. NAME is a data "
        "set's, that of shards being how their files' names begin, or a pattern with *.",
    )
    group.add_argument("--resident", action="store_true", help="train in this way")
    group.add_argument("--minutes", metavar="N", type=float, help="how long to train")
    group.add_argument(
        "--trunk-rate",
        metavar="X",
        type=float,
        help="the learning rate at the start of what was trained before: a ResNet, or MoveNet's "
        "trunk and its own neck",
    )
    group.add_argument(
        "--frozen",
        choices=("early", "trunk", "encoder"),
        help="what stays as it is: a MoveNet's early convolutions, the whole trunk, or also the "
        "neck, so that only heads and renderer learn",
    )
    group.add_argument(
        "--coarse",
        metavar="SHARE",
        type=float,
        help="the first share of the minutes (0 to 1) reconstructs at half the resolution",
    )
    group.add_argument(
        "--meta-every",
        metavar="N",
        type=int,
        help="one step of N personalizes to one person and asks the supervised loss on other "
        "frames of the person to fall; 0: none",
    )
    group.add_argument(
        "--meta-rate", metavar="X", type=float, help="how far such a step moves the weights"
    )
    group.add_argument(
        "--look-every", metavar="SECONDS", type=float, help="time from one validation to the next"
    )
    group.add_argument(
        "--joint-weight",
        metavar="NAME=X",
        action="append",
        default=[],
        help="what the joints of a data set count (0 to 1, default: 1), such as teacher=0.5; may "
        "be given several times",
    )
    group.add_argument(
        "--pairs-from",
        metavar="NAME",
        action="append",
        default=[],
        help="a data set whose clips give the pairs (default: all that have clips); may be given "
        "several times",
    )
    group.add_argument(
        "--outside",
        metavar="NAME",
        action="append",
        default=[],
        help="a data set that labels joints outside the picture where they are, as J-HMDB and "
        "rendered people do: maps without the joint are learnt from it; may be given several times",
    )


def run(args: argparse.Namespace) -> int:
    """Train and say where the network is."""
    from model.core.device import keep_freed_memory
    from model.ttp.training import job as jobs

    keep_freed_memory()
    with Interruption() as interruption:
        if not args.resident:
            return tell(jobs.run_training(_job(args), interruption.asked), as_json=args.json)
        result = jobs.run_resident(_resident_job(args), interruption.asked)
    return tell(result, as_json=args.json, go_on=f"Go on with --start {result.weights}")


def _job(args: argparse.Namespace) -> TrainingJob:
    from model.ttp.training.job import TrainingJob
    from model.ttp.training.settings import training_preset

    _refuse(args, _OF_RESIDENT, "without --resident")
    preset = training_preset(args.preset or "penn")
    given = _given(args, preset)
    if getattr(args, "without_labels", False):
        given = {"self_weight": 1.0, **given, "supervised": False, "warm_up_steps": 0}
    return TrainingJob(
        settings=replace(preset.settings_for(args.variant), **given),
        resume=args.resume,
        until=args.max_steps,
        **_asked_of_any(args, preset),
    )


def _resident_job(args: argparse.Namespace) -> ResidentJob:
    from model.ttp.training.job import ResidentJob
    from model.ttp.training.settings import resident_preset

    _refuse(
        args,
        _OF_STEPS,
        "with --resident, which trains with labels for so many --minutes and goes on from no "
        "checkpoint, but from a network with --start",
    )
    if args.minutes is None:
        raise UserError("--resident trains for so many minutes. Say how many with --minutes N.")
    preset = resident_preset(args.preset or "movenet")
    return ResidentJob(
        settings=replace(preset.settings_for(args.variant), **_given(args, preset)),
        joint_weights=dict(map(_joint_weight, args.joint_weight)),
        pairs_from=args.pairs_from,
        outside=args.outside,
        **_asked_of_any(args, preset),
    )


def _asked_of_any(args: argparse.Namespace, preset: Preset) -> dict[str, Any]:
    """What either kind of job is told in the same words."""
    from app.assets import PERCEPTUAL_WEIGHTS
    from model.data.catalogue import Request

    data = [Request.parse(text) for text in args.data]
    return {
        "spec": _spec(args, preset, data),
        "data": data,
        "out": args.out,
        "perceptual": PERCEPTUAL_WEIGHTS,
        "masks": masks_of(args),
        "validation": [Request.parse(text) for text in args.validate],
        "aside": _aside(args),
        "start": args.start,
        "imagenet": args.imagenet,
        "movenet": args.movenet,
        "device": args.device,
        "workers": args.workers,
        "quiet": args.json,
    }


def _refuse(args: argparse.Namespace, names: Sequence[str], where: str) -> None:
    """``UserError`` if an option is given that says nothing ``where`` it is."""
    given = [
        f"--{name.replace('_', '-')}"
        for name in names
        if (value := getattr(args, name, None)) is not None and value is not False and value != []
    ]
    if given:
        them = "it" if len(given) == 1 else "them"
        raise UserError(f"{', '.join(given)} cannot be used {where}. Leave {them} out.")


def _spec(args: argparse.Namespace, preset: Preset, data: list[Request]) -> NetworkSpec:
    from model.ttp.networks import NetworkSpec

    return NetworkSpec(
        variant=args.variant,
        backbone=args.backbone or preset.backbone,
        joints=args.joints or data[0].source.joints,
        crop_shift=_crop_shift(args, data),
        **_as_asked_or_begun(args, preset),
    )


def _aside(args: argparse.Namespace) -> float:
    if not 0 <= args.aside < 1:
        raise UserError(f"--aside was {args.aside}; it is a share from 0 to below 1.")
    return float(args.aside)


def _joint_weight(text: str) -> tuple[str, float]:
    name, _, number = text.rpartition("=")
    try:
        weight = float(number)
    except ValueError:
        weight = -1.0
    if not name or not 0 <= weight <= 1:
        raise UserError(f"--joint-weight {text} is not NAME=X with an X from 0 to 1.")
    return name, weight


def _crop_shift(args: argparse.Namespace, data: list[Request]) -> float:
    from model.ttp.weights import read_spec

    if args.crop_shift is not None:
        return float(args.crop_shift)
    return data[0].source.crop_shift if args.start is None else read_spec(args.start).crop_shift


def _as_asked_or_begun(args: argparse.Namespace, preset: Preset) -> dict[str, Any]:
    """What of the spec is as asked for, else as it was in the weights to go on from."""
    from model.ttp.weights import read_spec

    names = ("channel_order", "mask", "rebuilt")
    given = {name: getattr(args, name) for name in names}
    known: dict[str, Any] = {"channel_order": preset.channel_order}
    if args.start is not None:
        start = read_spec(args.start)
        known = {name: getattr(start, name) for name in names}
    return {**known, **{name: value for name, value in given.items() if value is not None}}


def _given(args: argparse.Namespace, preset: Preset) -> dict[str, Any]:
    """The preset's settings that are given as options of the same name."""
    from model.ttp.training.settings import augmentation

    names = [field.name for field in fields(preset.settings)]
    given = {name: getattr(args, name, None) for name in names}
    if args.augmentation is not None:
        given["augmenter"] = augmentation(args.augmentation)
    return {name: value for name, value in given.items() if value is not None}
