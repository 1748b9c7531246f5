"""``python main.py calibrate``: what a network needs to be computed in 8-bit whole numbers."""

from __future__ import annotations

import argparse
from pathlib import Path

from app.cli import Subparsers, add_mixture, sentence


def add_parser(subparsers: Subparsers) -> None:
    """Register the command and its options."""
    text = "let a network's trunk be computed in 8-bit whole numbers, where those are faster"
    parser = subparsers.add_parser(
        "calibrate",
        help=text,
        description=f"{sentence(text)} Measures what the values between its layers range over on "
        "training pictures, and writes that beside the network. The network stays as it is. The "
        "one in the box has been measured.",
    )
    parser.add_argument(
        "weights", metavar="NETWORK.safetensors", type=Path, help="the network; is only read"
    )
    add_mixture(parser)
    parser.add_argument(
        "--pictures", metavar="N", type=int, default=100, help="how many in all (default: 100)"
    )
    parser.add_argument(
        "--aside",
        metavar="SHARE",
        type=float,
        default=0.0,
        help="share of the people who are left out, as in training (0 to 1, default: 0)",
    )
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Measure, write, and say where."""
    from model.core.errors import check_number
    from model.data.catalogue import Request
    from model.ttp.onnx_int8 import save
    from model.ttp.training.calibration import calibrate

    check_number("pictures", args.pictures, args.pictures >= 1, "1 or more")
    check_number("aside", args.aside, 0 <= args.aside < 1, "from 0 to below 1")
    data = [Request.parse(text) for text in args.data]
    ranges = calibrate(args.weights, data, args.pictures, args.aside)
    path = save(args.weights, ranges)
    print(f"{len(ranges.values)} ranges of {ranges.pictures} are in {path}")
    return 0
