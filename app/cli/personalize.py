"""``python main.py personalize VIDEO``: what the window does, for a whole recording at once."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from app.cli import Subparsers, sentence
from app.cli.options import add_personalization, chosen_settings

if TYPE_CHECKING:
    from app.runtime.recordings.job import Job
    from app.runtime.recordings.writers import Tally


def add_parser(subparsers: Subparsers) -> None:
    """Register the command and its options."""
    text = "find the pose in every frame of a recording, with or without personalization"
    parser = subparsers.add_parser(
        "personalize",
        help=text,
        description=f"{sentence(text)} Writes keypoints.csv, keypoints.coco.json, overlay.mp4 "
        "and summary.json, which replace older ones when the run is over; a run that is "
        "interrupted writes nothing.",
    )
    parser.add_argument(
        "recording", metavar="VIDEO", type=Path, help="a video file or a folder of pictures"
    )
    parser.add_argument(
        "--mode",
        choices=("none", "online"),
        required=True,
        help="predict with the trained weights, or learn from every frame before predicting it",
    )
    parser.add_argument(
        "--out", metavar="DIR", type=Path, required=True, help="where the results go"
    )
    parser.add_argument(
        "--weights", metavar="FILE", type=Path, help="a network to use instead of the embedded one"
    )
    parser.add_argument(
        "--device", metavar="NAME", help="auto, cpu, cuda, cuda:1 or mps (default: auto)"
    )
    add_personalization(parser, resets=False, offline=False)
    profile = parser.add_argument_group(
        "profile", "by its name in the window's menu, or by the path of a .safetensors file"
    )
    profile.add_argument(
        "--profile", metavar="NAME", help="start from what was learnt from this person before"
    )
    profile.add_argument(
        "--save-profile",
        metavar="NAME",
        help="keep what was learnt; an older profile is replaced only if it is that of --profile",
    )
    parser.add_argument(
        "--joints",
        metavar="FILE",
        type=Path,
        help="true joints of the recording, such as assets/demo/demo-webcam.joints.npz: tells the "
        "error",
    )
    output = parser.add_argument_group("output")
    output.add_argument("--no-overlay", action="store_true", help="write no overlay video")
    output.add_argument(
        "--json", action="store_true", help="print one line of JSON and no progress"
    )
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Process the recording and print what came of it."""
    from app.assets import WEIGHTS
    from app.runtime.recordings.job import Job, run_job

    job = Job(
        recording=args.recording,
        out=args.out,
        online=args.mode == "online",
        weights=args.weights or WEIGHTS,
        settings=chosen_settings(args),
        device=args.device,
        joints=args.joints,
        overlay=not args.no_overlay,
        progress=not args.json,
        profile=args.profile,
        save_profile=args.save_profile,
    )
    tally = run_job(job)
    print(json.dumps(tally.totals()) if args.json else _as_text(tally, job))
    return 0


def _as_text(tally: Tally, job: Job) -> str:
    lines = [f"{tally.frames} frames, a person in {tally.person_found} of them."]
    if tally.losses:
        totals = tally.totals()
        lines.append(
            f"{tally.updates} updates, loss {totals['loss_first']} at first and "
            f"{totals['loss_last']} at the end."
        )
    error = tally.mean_error()
    if error is not None:
        lines.append(f"Mean error {error:.2f} % of the box's side.")
    if tally.profile is not None:
        lines.append(f'What was learnt is kept as "{tally.profile}".')
    elif job.save_profile is not None:
        lines.append("No profile was written, for nothing was learnt.")
    lines.append(f"The results are in {job.out}")
    return "\n".join(lines)
