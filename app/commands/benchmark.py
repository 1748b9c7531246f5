"""``python main.py benchmark live``: how fast the application is on this machine."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from app.commands import Subparsers


def add_parser(subparsers: Subparsers) -> None:
    """Add ``benchmark`` and what it can measure."""
    parser = subparsers.add_parser(
        "benchmark", help="measure speed on this machine", description=__doc__
    )
    kinds = parser.add_subparsers(title="what to measure", dest="kind", required=True)
    live = kinds.add_parser("live", help="the window on a clip, personalizing")
    live.add_argument("--demo", default="webcam", metavar="NAME", help="the embedded clip to play")
    live.add_argument("--seconds", type=float, default=30.0, help="how long to measure")
    live.add_argument("--warm-up", type=float, default=10.0, help="seconds before it counts")
    live.add_argument("--preset", metavar="NAME", help="the settings to personalize with")
    live.add_argument("--weights", type=Path, metavar="FILE", help="another network")
    live.add_argument("--device", metavar="NAME", help="auto, cpu, cuda, cuda:1 or mps")
    live.add_argument("--json", action="store_true", help="print one JSON object")
    live.set_defaults(func=_run_live)


def _run_live(args: argparse.Namespace) -> int:
    from app.benchmarks.live import measure_live
    from model.errors import UserError

    if args.seconds <= 0 or args.warm_up < 0:
        raise UserError(
            f"Cannot measure {args.seconds} s after {args.warm_up} s: give --seconds above 0 and "
            "--warm-up of 0 or more."
        )
    figures = measure_live(
        args.demo,
        warm_up=args.warm_up,
        seconds=args.seconds,
        preset=args.preset,
        weights=args.weights,
        device=args.device,
    ).rounded()
    if args.json:
        print(json.dumps(figures))
    else:
        width = max(map(len, figures))
        print("\n".join(f"{name:<{width}}  {value}" for name, value in figures.items()))
    return 0
