"""``python main.py evaluate EXPERIMENT``: how right a network is, as the paper measures it."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from app.commands import DATA_NAMES, Subparsers

if TYPE_CHECKING:
    from model.data.records import DataSet
    from model.evaluation.personalized import Mode
    from model.networks import PoseNetwork
    from model.personalization import PersonalizationSettings


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
        "--every", metavar="N", type=int, default=1, help="only every N-th frame (default: 1)"
    )
    accuracy.add_argument(
        "--threshold",
        metavar="X",
        type=float,
        help="how far a joint may be off, in torsos (default: 0.2; BBC Pose: always 12 pixels)",
    )
    accuracy.set_defaults(func=_run_accuracy)
    gain = experiments.add_parser(
        "gain",
        help="what personalization gains, and whom it harms",
        description="Predict the same frames without personalization, with online and with "
        "offline personalization to each person.",
    )
    _add_common(gain)
    gain.add_argument("--preset", metavar="NAME", help="gentle or paper (default: gentle)")
    gain.add_argument("--batch", metavar="N", type=int, help="pairs of pictures per update")
    gain.add_argument(
        "--modes", metavar="LIST", default="online,offline", help="default: online,offline"
    )
    gain.add_argument("--people", metavar="N", type=int, help="only N people, spread over the set")
    gain.add_argument("--frames", metavar="N", type=int, help="only the first N of each person")
    gain.add_argument(
        "--aside",
        metavar="SHARE",
        type=float,
        help="only the people that training with the same --aside keeps out",
    )
    gain.add_argument("--seed", metavar="N", type=int, default=0, help="of sources and draws")
    gain.set_defaults(func=_run_gain)


def _add_common(parser: argparse.ArgumentParser) -> None:
    """Add what every experiment can be told."""
    parser.add_argument(
        "--data",
        metavar="NAME=ROOT",
        required=True,
        help=f"a data set and its folder. Names: {DATA_NAMES}",
    )
    parser.add_argument("--split", choices=("train", "test"), default="test", help="default: test")
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


def _run_gain(args: argparse.Namespace) -> int:
    from tqdm import tqdm

    from app.assets import PERCEPTUAL_WEIGHTS, WEIGHTS
    from model.device import choose_device, prefers_bfloat16
    from model.evaluation.gain import measure_gain
    from model.evaluation.gain_report import GainReport
    from model.networks import load_perceptual_loss
    from model.weights import load

    weights = args.weights or WEIGHTS
    device = choose_device(args.device).device
    network = load(weights, device)
    people, settings, modes = _people(args, network), _personalization(args), _modes(args)
    with tqdm(
        total=len(people) * len(modes), unit="frame", disable=True if args.json else None
    ) as bar:
        gains = measure_gain(
            network,
            load_perceptual_loss(PERCEPTUAL_WEIGHTS).to(device),
            people,
            settings,
            modes,
            autocast=prefers_bfloat16(device),
            micro_batch=4 if device.type == "cpu" else None,
            seed=args.seed,
            progress=bar.update,
        )
    report = GainReport(weights.name, people.name, len(people), settings, tuple(gains))
    print(json.dumps(report.as_json()) if args.json else report.markdown().rstrip())
    if args.out is not None:
        report.write(args.out)
    return 0


def _people(args: argparse.Namespace, network: PoseNetwork) -> DataSet:
    from model.data.catalogue import Request
    from model.errors import UserError
    from model.evaluation.gain import first_frames

    for name in ("people", "frames"):
        value = getattr(args, name)
        if value is not None and value < 1:
            raise UserError(f"--{name} was {value}; give a number of 1 or more.")
    data_set = Request.parse(args.data).read(args.split, network.spec.crop_shift)
    if args.aside is not None:
        aside = data_set.divided(args.aside)[1]
        if aside is None:
            raise UserError(f"A share of {args.aside} keeps nobody of {data_set.name} aside.")
        data_set = aside
    return first_frames(data_set, args.people, args.frames)


def _personalization(args: argparse.Namespace) -> PersonalizationSettings:
    from dataclasses import replace

    from model.personalization import preset

    settings = preset(args.preset).settings
    return settings if args.batch is None else replace(settings, batch_size=args.batch)


def _modes(args: argparse.Namespace) -> tuple[Mode, ...]:
    from model.errors import UserError

    chosen = tuple(args.modes.split(","))
    if not set(chosen) <= {"online", "offline"}:
        raise UserError(f"--modes was {args.modes!r}; give online, offline or online,offline.")
    return chosen
