"""``python main.py personalize VIDEO``: what the window does, for whole recordings at once."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from app.cli import Subparsers, sentence
from app.cli.options import add_device, add_personalization, add_quiet_json, chosen_settings
from model.core.errors import UserError

if TYPE_CHECKING:
    from app.runtime.recordings.job import Job, Outcome


def add_parser(subparsers: Subparsers) -> None:
    """Register the command and its options."""
    text = "find the pose in every frame of recordings, with or without personalization"
    parser = subparsers.add_parser(
        "personalize",
        help=text,
        description=f"{sentence(text)} Writes keypoints.csv, keypoints.coco.json, overlay.mp4 "
        "and summary.json, which replace older ones when the run is over; a run that is "
        "interrupted writes nothing. Several recordings, of one person, get a folder each. With "
        "--each they are of anybody, and a table tells of all: docs/scale.md.",
    )
    parser.add_argument(
        "recordings",
        metavar="VIDEO",
        nargs="+",
        type=Path,
        help="a video file, or a folder of videos or of pictures; with --each also of folders",
    )
    parser.add_argument(
        "--mode",
        choices=("none", "online", "offline"),
        required=True,
        help="predict with the trained weights, learn from every frame before predicting it, or "
        "learn from all frames of all recordings before predicting the first",
    )
    parser.add_argument(
        "--out", metavar="DIR", type=Path, required=True, help="where the results go"
    )
    parser.add_argument(
        "--weights", metavar="FILE", type=Path, help="a network to use instead of the embedded one"
    )
    many = parser.add_argument_group("many recordings")
    many.add_argument(
        "--each",
        action="store_true",
        help="take each recording on its own, from the trained weights, also those in folders of "
        "folders; pass over what is done, tell what is broken and go on, and write "
        "recordings.csv and recordings.md with a row for each",
    )
    many.add_argument(
        "--share",
        metavar="I/N",
        help="do the I-th of N shares with --each (default: all, and under torchrun this "
        "process's own)",
    )
    add_device(parser)
    add_personalization(parser, resets=False)
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
        "--true-joints",
        metavar="FILE",
        type=Path,
        help="true joints of the recording, such as assets/demo/demo-webcam.joints.npz: tells the "
        "error",
    )
    output = parser.add_argument_group("output")
    output.add_argument("--no-overlay", action="store_true", help="write no overlay video")
    output.add_argument(
        "--angles", action="store_true", help="draw the joints' angles in the overlay video too"
    )
    output.add_argument(
        "--processor",
        metavar="FILE.py",
        type=Path,
        help="a Python file whose class Processor gets each result: docs/processors.md",
    )
    add_quiet_json(output)
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Process the recordings and print what came of them."""
    from app.assets import WEIGHTS
    from app.runtime.recordings.job import Job, run_job
    from model.engine.ranks import check_alone

    if args.mode != "offline":
        if args.offline_updates_per_frame is not None:
            raise UserError("--offline-rate is for --mode offline. Leave it out, or change --mode.")
        del args.offline_updates_per_frame  # so that --set does not know it either
    job = Job(
        recordings=tuple(args.recordings),
        out=args.out,
        mode=args.mode,
        weights=args.weights or WEIGHTS,
        settings=chosen_settings(args),
        device=args.device,
        joints=args.true_joints,
        overlay=not args.no_overlay,
        angles=args.angles,
        processor=args.processor,
        progress=not args.json,
        profile=args.profile,
        save_profile=args.save_profile,
    )
    if args.each or args.share is not None:
        return _run_each(args, job)
    check_alone("personalize without --each")
    outcomes = run_job(job)
    print(json.dumps(_as_json(outcomes)) if args.json else _as_text(outcomes, job))
    return 0


def _run_each(args: argparse.Namespace, job: Job) -> int:
    """Process this worker's share; 0 with faults too: torchrun ends all if one process fails."""
    import torch

    from app.runtime.recordings.many import TABLE, run_each
    from model.engine.ranks import own_gpu

    alone = ("profile", "save_profile", "true_joints")
    given = [f"--{name.replace('_', '-')}" for name in alone if getattr(args, name) is not None]
    if given:
        raise UserError(f"{given[0]} is for recordings of one person; leave it or --each out.")
    if not args.each:
        raise UserError("--share is for recordings that are taken each on its own. Add --each.")
    number, of = _share(args.share)
    shared_out = args.share is None and of > 1 and args.device in (None, "auto", "cuda")
    if shared_out and torch.cuda.is_available():
        job = replace(job, device=str(own_gpu()))
    faults = done = 0
    for row in run_each(job, number, of):
        done += 1
        faults += bool(row.fault)
        told = f"{row.frames} frames, a person in {row.person_found}" if row.frames else ""
        if not args.json:
            print(f"{row.recording}: {'; '.join(filter(None, (told, row.fault)))}", flush=True)
    table = job.out / f"{TABLE}.csv"
    if args.json:
        print(json.dumps({"processed": done, "faults": faults, "table": str(table)}))
    else:
        print(f"{done} recordings were processed, {faults} with a fault. The table is {table}")
    return 0


def _share(text: str | None) -> tuple[int, int]:
    """Which share of how many; without ``text`` that of this process under ``torchrun``."""
    from model.engine.ranks import launched

    if text is None:
        rank, world = launched()
        return rank + 1, world
    number, _, of = text.partition("/")
    if not (number.isdecimal() and of.isdecimal() and 1 <= int(number) <= int(of)):
        raise UserError(f"--share was {text!r}; it is which share of how many, from 1/8 to 8/8.")
    return int(number), int(of)


def _as_json(outcomes: list[Outcome]) -> object:
    if len(outcomes) == 1:
        return outcomes[0].tally.totals()
    return [
        {"recording": str(o.recording), "out": str(o.out), **o.tally.totals()} for o in outcomes
    ]


def _as_text(outcomes: list[Outcome], job: Job) -> str:
    lines = []
    for outcome in outcomes:
        tally = outcome.tally
        name = f"{outcome.recording.name}: " if len(outcomes) > 1 else ""
        lines.append(f"{name}{tally.frames} frames, a person in {tally.person_found} of them.")
        # Offline, the updates were made before, once for all recordings.
        if tally.losses and (job.mode == "online" or outcome is outcomes[-1]):
            totals = tally.totals()
            lines.append(
                f"{tally.updates} updates, loss {totals['loss_first']} at first and "
                f"{totals['loss_last']} at the end."
            )
        error = tally.mean_error()
        if error is not None:
            lines.append(f"Mean error {error:.2f} % of the box's side.")
    if (kept := outcomes[-1].tally.profile) is not None:
        lines.append(f'What was learnt is kept as "{kept}".')
    elif job.save_profile is not None:
        lines.append("No profile was written, for nothing was learnt.")
    lines.append(f"The results are in {job.out}")
    return "\n".join(lines)
