"""``python main.py evaluate drift``: a long session before one camera, hour by hour."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from app.cli import Subparsers
from app.cli.options import add_device, add_quiet_json, add_scored, tell_report

if TYPE_CHECKING:
    from model.evaluation.drift import DriftReport


def add_drift(experiments: Subparsers) -> None:
    """Add the experiment and its options."""
    parser = experiments.add_parser(
        "drift",
        help="whether personalization stays good in a session of many hours",
        description="Make a long session of a data set's clips: somebody moves, sits still, goes "
        "away and comes back, the light changes, another comes, and nothing is ever reset. Predict "
        "it without personalization and with each preset, and print the gain hour by hour and what "
        "the guard undid. Every frame that is looked at is updated on, so an interval of some "
        "seconds stands for the pace of a processor, and a longer one for less learning.",
    )
    add_scored(parser)
    parser.add_argument(
        "--presets", metavar="LIST", default="steady,paper", help="default: steady,paper"
    )
    parser.add_argument(
        "--hours", metavar="H", type=float, default=12.0, help="how long (default: 12)"
    )
    parser.add_argument(
        "--interval", metavar="S", type=float, default=20.0, help="a frame every S (default: 20)"
    )
    parser.add_argument(
        "--scene", metavar="M", type=float, default=12.0, help="minutes of a scene (default: 12)"
    )
    parser.add_argument("--seed", metavar="N", type=int, default=0, help="default: 0")
    add_device(parser)
    parser.add_argument(
        "--out", metavar="DIR", type=Path, help="also write drift.md, drift.csv and drift.png there"
    )
    add_quiet_json(parser)
    parser.set_defaults(func=_run)


def _run(args: argparse.Namespace) -> int:
    from tqdm import tqdm

    from app.assets import PERCEPTUAL_WEIGHTS, PERSON_MASK, WEIGHTS
    from model.adaptation import Personalizer, Preset, preset
    from model.core.device import choose_device, prefers_bfloat16
    from model.core.perceptual import load_perceptual_loss
    from model.data.catalogue import Request
    from model.evaluation.drift import DriftReport, Plan, measure_drift, session_of
    from model.evaluation.runs import CPU_MICRO_BATCH
    from model.tracking import PersonMasker
    from model.ttp.weights import load

    plan = Plan(args.hours, args.interval, args.scene, args.seed)
    presets = [preset(name) for name in args.presets.split(",")]
    weights = args.weights or WEIGHTS
    device = choose_device(args.device).device
    network = load(weights, device)
    low_precision = prefers_bfloat16(device)
    people = Request.parse(args.data).read(args.split, network.spec.crop_shift)
    scenes = session_of(people, plan)
    perceptual = load_perceptual_loss(PERCEPTUAL_WEIGHTS).to(device)
    masker = PersonMasker(PERSON_MASK) if network.spec.masked else None
    total = (1 + len(presets)) * sum(len(scene.clip) for scene in scenes)

    def personalizer(chosen: Preset) -> Personalizer:
        settings = chosen.settings
        return Personalizer(network, perceptual, settings, autocast=low_precision, masker=masker)

    with tqdm(total=total, unit="frame", disable=True if args.json else None) as bar:
        drifts = measure_drift(
            network,
            people,
            scenes,
            plan,
            {chosen.name: partial(personalizer, chosen) for chosen in presets},
            autocast=low_precision,
            micro_batch=CPU_MICRO_BATCH if device.type == "cpu" else None,
            progress=bar.update,
        )
    report = DriftReport(weights.name, people.name, plan, tuple(drifts))
    tell_report(args, report)
    if args.out is not None:
        _plot(report, args.out / "drift.png")
    return 0


def _plot(report: DriftReport, path: Path) -> None:
    """The gain of each scene by the hour, and below how often the guard of the first undid."""
    import numpy as np

    from model.experiments.plots import Line, plot_lines

    first = report.drifts[0]
    hours = np.array([score.hour for score in first.scores])
    undone = [sum(i.scene == s.scene for i in first.interventions) for s in first.scores]
    lines = [
        Line(
            drift.method,
            np.array([score.hour for score in drift.scores]),
            np.array([score.gain for score in drift.scores]),
            marked=True,
        )
        for drift in report.drifts
    ]
    below = Line(f"undone, {first.method}", hours, np.array(undone)) if any(undone) else None
    plot_lines(path, lines, "hours", "gain, points of PCK", zero=True, below=below)
