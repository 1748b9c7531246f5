"""What trainings without labels can be told about their run, and what they say in the end."""

from __future__ import annotations

import argparse
import json
from pathlib import Path


def add_run(parser: argparse.ArgumentParser) -> None:
    """Add where the run is kept, how long it goes on, and where it computes."""
    parser.add_argument(
        "--on-bad-data",
        choices=("stop", "skip"),
        default="stop",
        help="what a frame that cannot be used does (default: stop); skipped ones are named",
    )
    parser.add_argument("--out", metavar="DIR", type=Path, required=True, help="the run's folder")
    parser.add_argument("--resume", action="store_true", help="go on with the run in --out")
    parser.add_argument("--max-steps", metavar="N", type=int, help="stop after step N")
    parser.add_argument(
        "--device", metavar="NAME", help="auto, cpu, cuda, cuda:1 or mps (default: auto)"
    )
    parser.add_argument(
        "--workers", metavar="N", type=int, default=0, help="processes that load pictures"
    )
    parser.add_argument(
        "--json", action="store_true", help="print one line of JSON and no progress"
    )


def check_run(args: argparse.Namespace) -> None:
    """``UserError`` if ``--workers`` or ``--max-steps`` makes no sense."""
    from model.checks import check_number

    check_number("workers", args.workers, args.workers >= 0, "0 or more")
    if args.max_steps is not None:
        check_number("max-steps", args.max_steps, args.max_steps >= 1, "1 or more")


def tell(steps: int, finished: bool, weights: Path, *, as_json: bool) -> None:
    """Print how far the run came and where its network is."""
    if as_json:
        print(json.dumps({"steps": steps, "weights": str(weights)}))
        return
    print(f"{steps} steps are done.")
    if steps:
        print(f"The network is {weights}")
    if not finished:
        print("Add --resume to go on.")
