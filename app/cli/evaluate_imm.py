"""``python main.py evaluate imm``: labelled landmarks, regressed from the points IMM found."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from app.cli import Subparsers
from app.cli.options import add_device

if TYPE_CHECKING:
    from model.data.records import DataSet

_DATA = "celeba (measured on MAFL), aflw, 300w, cats, or others whose landmarks are all marked"
# Who has eyes to measure by: the landmarks of the left and the right one.
_EYES = {"celeba5": (0, 1), "faces68": (45, 36), "cat7": (0, 1)}


def add_imm(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "imm",
        help="IMM: labelled landmarks, regressed from the points it found",
        description="Fit a linear regression from the points that IMM finds to labelled landmarks "
        "of the training pictures without their last tenth, and measure it on the test pictures, "
        "in percent of the distance between the eyes; without eyes, of the picture's side.",
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
    add_device(parser)
    parser.add_argument("--json", action="store_true", help="print one line of JSON")
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Fit, measure and print."""
    from model.core.device import choose_device
    from model.imm import weights
    from model.imm.landmarks import evaluate_landmarks, found_and_labelled

    network = weights.load(args.weights, choose_device(args.device).device)
    train, test, held_out = _people(args.data, args.labelled)
    eyes = _EYES.get(test.joint_set.name)
    result = evaluate_landmarks(
        found_and_labelled(network, train),
        found_and_labelled(network, test),
        eyes,
        alpha=args.ridge,
        intercept=args.intercept,
        held_out=held_out,
        size=network.spec.size,
    )
    if args.json:
        print(json.dumps({"error": result.error, "held_out": result.held_out}))
        return 0
    unit = "picture's side" if eyes is None else "distance between the eyes"
    print(f"{result.error:.2f} % of the {unit}, on {test.name}")
    if result.held_out is not None:
        print(f"{result.held_out:.2f} % on the training pictures' last tenth, not fitted to")
    return 0


def _people(data: str, labelled: str | None) -> tuple[DataSet, DataSet, float]:
    """Training and test pictures, and the share of the former still to be left out."""
    from model.data.catalogue import Request
    from model.data.celeba import read_mafl
    from model.imm.landmarks import HELD_OUT

    request = Request.parse(data)
    if labelled is None and request.source.name == "celeba":
        return read_mafl(request.root, "train"), read_mafl(request.root, "test"), 0.0
    other = request if labelled is None else Request.parse(labelled)
    # AFLW's reader has left the last tenth out.
    share = 0.0 if other.source.name == "aflw" else HELD_OUT
    shift = request.source.crop_shift
    return other.read("train", shift), request.read("test", shift), share
