"""``python main.py train imm`` and ``evaluate imm``: landmarks from pictures alone.

They are trained without labels, and measured by labelled landmarks that are regressed from the
points that were found.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.cli import DATA_NAMES, Subparsers
from app.cli.options import (
    add_device,
    add_run,
    add_steps,
    chosen_training,
    number_list,
    run_options,
    train_and_tell,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from model.data.records import DataSet
    from model.imm.training import ImmJob


def add_training(subparsers: Subparsers) -> None:
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
    parser.set_defaults(func=_train)


def _train(args: argparse.Namespace) -> int:
    """Train and say where the network is."""
    from model.imm.training import run_imm_training

    return train_and_tell(args, _job(args), run_imm_training)


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


_DATA = "celeba (measured on MAFL), aflw, 300w, cats, or others whose landmarks are all marked"
# Who has eyes to measure by: the landmarks of the left and the right one.
_EYES = {"celeba5": (0, 1), "faces68": (45, 36), "cat7": (0, 1)}


def add_evaluation(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "imm",
        help="IMM: labelled landmarks, regressed from the points it found",
        description="Fit a linear regression from the points that IMM finds to labelled landmarks "
        "of the training pictures without their last tenth, and measure it on the test pictures, "
        "in percent of the distance between the eyes. Bodies are measured in percent of the "
        "picture's side and in pixels of the frame, on BBC Pose also by the share of joints within "
        "6 pixels at half resolution.",
    )
    parser.add_argument("--data", metavar="NAME=ROOT", required=True, help=_DATA)
    parser.add_argument(
        "--labelled", metavar="NAME=ROOT", help="training pictures, if not those of --data"
    )
    parser.add_argument("--weights", metavar="FILE", type=Path, required=True, help="of: train imm")
    parser.add_argument(
        "--intercept",
        action="store_true",
        help="give the regression an intercept; the released code's has none",
    )
    parser.add_argument(
        "--ridge", metavar="X", type=float, default=0.0, help="penalty of its weights (default: 0)"
    )
    parser.add_argument(
        "--labels",
        metavar="LIST",
        help="also fit to only so many labelled pictures, such as 1,5,10,100,500,1000,5000",
    )
    parser.add_argument(
        "--draws",
        metavar="N",
        type=int,
        default=10,
        help="how often each number of --labels is drawn anew (default: 10)",
    )
    add_device(parser)
    parser.add_argument("--json", action="store_true", help="print one line of JSON")
    parser.set_defaults(func=_evaluate)


def _evaluate(args: argparse.Namespace) -> int:
    """Fit, measure and print."""
    from dataclasses import asdict

    from model.core.device import choose_device
    from model.imm import weights
    from model.imm.landmarks import (
        errors_by_labels,
        evaluate_landmarks,
        fitting_rows,
        found_and_labelled,
    )

    counts = () if args.labels is None else number_list(args.labels)
    network = weights.load(args.weights, choose_device(args.device).device)
    people, test, held_out = _people(args.data, args.labelled)
    eyes = _EYES.get(test.joint_set.name)
    known, measured = found_and_labelled(network, people), found_and_labelled(network, test)
    options: dict[str, Any] = {
        "alpha": args.ridge,
        "intercept": args.intercept,
        "held_out": held_out,
        "size": network.spec.size,
    }
    result = evaluate_landmarks(known, measured, eyes, **options)
    by_labels = errors_by_labels(known, measured, eyes, counts, draws=args.draws, **options)
    fitted = fitting_rows(len(known[1]), held_out)[0].stop
    found = {"error": result.error, "held_out": result.held_out}
    if eyes is None:
        found |= _bodies(test, result.landmarks, measured[1], network.spec.size)
    if args.json:
        protocol = {"fitted": fitted, "ridge": args.ridge, "intercept": args.intercept}
        labels = {"labels": list(map(asdict, by_labels))} if counts else {}
        print(json.dumps({**found, **protocol, **labels}))
        return 0
    unit = "picture's side" if eyes is None else "distance between the eyes"
    print(f"{result.error:.2f} % of the {unit}, on {test.name}")
    if "pixels" in found:
        print(f"{found['pixels']:.2f} pixels of the frame")
    if "accuracy" in found:
        print(f"{found['accuracy']:.2f} % of the joints within 6 pixels at half resolution")
    if result.held_out is not None:
        print(f"{result.held_out:.2f} % on the training pictures' last tenth, not fitted to")
    intercept = "with an" if args.intercept else "without"
    published = " (as published)" if not args.intercept and not args.ridge else ""
    print(
        f"a linear map {intercept} intercept, ridge {args.ridge:g}{published}, fitted to {fitted} "
        "pictures"
    )
    for each in by_labels:
        spread = f" ± {each.deviation:.2f} over {each.draws} draws" if each.draws > 1 else ""
        print(f"{each.error:.2f} %{spread} with {each.labelled} labelled pictures")
    return 0


def _bodies(
    test: DataSet, landmarks: NDArray[Any], truth: NDArray[Any], size: int
) -> dict[str, float | None]:
    """What bodies are measured by, in the frames' own pixels."""
    import numpy as np

    from model.core.skeleton import BBC7
    from model.evaluation.metrics import bbc_accuracy
    from model.imm.landmarks import in_frames

    found, wanted = (in_frames(test, each, size) for each in (landmarks, truth))
    values: dict[str, float | None] = {
        "pixels": float(np.linalg.norm(found - wanted, axis=-1).mean())
    }
    if test.joint_set == BBC7:
        values["accuracy"] = bbc_accuracy(found, wanted, np.ones(found.shape[:2])).mean
    return values


def _people(data: str, labelled: str | None) -> tuple[DataSet, DataSet, float]:
    """Training and test pictures, and the share of the former still to be left out."""
    from model.data.catalogue import Request
    from model.data.faces import read_mafl
    from model.imm.landmarks import HELD_OUT

    request = Request.parse(data)
    if labelled is None and request.source.name == "celeba":
        return read_mafl(request.root, "train"), read_mafl(request.root, "test"), 0.0
    other = request if labelled is None else Request.parse(labelled)
    # AFLW's reader has left the last tenth out.
    share = 0.0 if other.source.name == "aflw" else HELD_OUT
    shift = request.source.crop_shift
    return other.read("train", shift), request.read("test", shift), share
