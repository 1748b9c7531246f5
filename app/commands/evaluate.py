"""``python main.py evaluate EXPERIMENT``: how right a network is, as the paper measures it."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from app.commands import Subparsers


def add_parser(subparsers: Subparsers) -> None:
    """Add ``evaluate`` and its experiments."""
    text = "measure a network on a data set"
    parser = subparsers.add_parser("evaluate", help=text, description=f"{text.capitalize()}.")
    experiments = parser.add_subparsers(
        title="experiments", metavar="EXPERIMENT", dest="experiment", required=True
    )
    accuracy = experiments.add_parser(
        "accuracy",
        help="the network as it is, without personalization",
        description="Predict with the network as it is, without personalization, and print how "
        "many joints are right: in the columns of the published tables, joint by joint, and as a "
        "mean over people. Data with other joints than the network's are scored on those that "
        "both have. Frames that cannot be used are named and left out.",
    )
    _add_common(accuracy)
    accuracy.add_argument(
        "--threshold",
        metavar="X",
        type=float,
        help="how far a joint may be off, in torsos (default: 0.2; BBC Pose: always 12 pixels)",
    )
    accuracy.set_defaults(func=_run_accuracy)


def _add_common(parser: argparse.ArgumentParser) -> None:
    """Add what every experiment can be told."""
    parser.add_argument(
        "--data",
        metavar="NAME=ROOT",
        required=True,
        help="a data set and its folder. Names: penn, human36m, bbc, jhmdb, lsp, lsp-extended, "
        "coco, shards",
    )
    parser.add_argument("--split", choices=("train", "test"), default="test", help="default: test")
    parser.add_argument(
        "--every", metavar="N", type=int, default=1, help="only every N-th frame (default: 1)"
    )
    parser.add_argument(
        "--weights", metavar="FILE", type=Path, help="a network to use instead of the embedded one"
    )
    parser.add_argument(
        "--device", metavar="NAME", help="auto, cpu, cuda, cuda:1 or mps (default: auto)"
    )
    parser.add_argument(
        "--out", metavar="DIR", type=Path, help="also write the figures there, as .md and .csv"
    )
    parser.add_argument(
        "--json", action="store_true", help="print one line of JSON and no progress"
    )


def _run_accuracy(args: argparse.Namespace) -> int:
    from tqdm import tqdm

    from app.assets import WEIGHTS
    from model.data.catalogue import Request
    from model.device import choose_device
    from model.evaluation.accuracy_report import measure_accuracy
    from model.weights import load

    weights = args.weights or WEIGHTS
    network = load(weights, choose_device(args.device).device)
    data_set = Request.parse(args.data).read(args.split, network.spec.crop_shift)
    hidden = True if args.json else None  # None: hidden where nobody watches
    frames = -(-len(data_set) // max(1, args.every))
    with tqdm(total=frames, unit="frame", disable=hidden) as bar:
        report = measure_accuracy(
            network,
            weights.name,
            data_set,
            every=args.every,
            threshold=args.threshold,
            progress=bar.update,
        )
    print(json.dumps(report.as_json()) if args.json else report.markdown().rstrip())
    if args.out is not None:
        report.write(args.out)
    return 0
