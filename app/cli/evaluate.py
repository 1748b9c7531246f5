"""``python main.py evaluate EXPERIMENT``: how right a network is, as the paper measures it."""

from __future__ import annotations

import argparse
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from app.cli import Subparsers, imm
from app.cli.evaluate_drift import add_drift
from app.cli.options import (
    add_device,
    add_personalization,
    add_quiet_json,
    add_scored,
    add_serving_precision,
    chosen_precision,
    chosen_settings,
    chosen_unit,
    number_list,
    only_first_frame,
    tell_report,
)
from model.core.errors import UserError

if TYPE_CHECKING:
    from model.adaptation import PersonalizationSettings
    from model.data.records import DataSet
    from model.engine.ranks import Ranks
    from model.evaluation.personalized import Mode
    from model.evaluation.runs import PeopleRunner


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
        "both have. Frames that cannot be used are named and left out. Rivals are shown the same "
        "squares of the same frames, on the CPU, and stand beside the network in all tables.",
    )
    _add_common(accuracy)
    _add_people(accuracy)
    accuracy.add_argument(
        "--every", metavar="N", type=int, default=1, help="only every N-th frame (default: 1)"
    )
    accuracy.add_argument(
        "--threshold",
        metavar="X",
        type=float,
        help="how far a joint may be off, in torsos (default: 0.2; BBC Pose: always 12 pixels)",
    )
    accuracy.add_argument(
        "--flip-test",
        action="store_true",
        help="predict each picture's mirror image too and take the mean (twice the work); rivals "
        "do so as well",
    )
    accuracy.add_argument(
        "--int8",
        action="store_true",
        help="compute the network's trunk in 8-bit whole numbers, as the window does where that "
        "is faster (on the CPU)",
    )
    accuracy.add_argument(
        "--rival",
        metavar="FILE.onnx",
        type=Path,
        action="append",
        default=[],
        help="also score another network: a single-person one with MoveNet's input and output "
        "(int32 1xSxSx3, RGB; 1x1x17x3, COCO keypoints); may be given several times",
    )
    accuracy.add_argument(
        "--fit-offsets",
        metavar="NAME=ROOT",
        help="also score each rival with a constant offset for each joint, fitted on every N-th "
        "frame of this data set's training people",
    )
    accuracy.set_defaults(func=_run_accuracy)
    gain = experiments.add_parser(
        "gain",
        help="what personalization gains, and whom it harms",
        description="Predict the same frames without personalization, with online and with "
        "offline personalization to each person.",
    )
    _add_common(gain)
    _add_people(gain)
    gain.add_argument(
        "--modes",
        metavar="LIST",
        help="of carried (nothing is learnt; what is known of frames before is carried along, if "
        "the settings say so), online and offline (default: all that the settings have)",
    )
    gain.add_argument(
        "--every", metavar="N", type=int, default=1, help="online only every N-th frame"
    )
    gain.add_argument(
        "--extra",
        metavar="NAME=ROOT",
        help="a data set with more frames of the same people, learnt from without their labels",
    )
    _add_runs(gain)
    add_personalization(gain)
    gain.set_defaults(func=_run_gain)
    pace = experiments.add_parser(
        "pace",
        help="what personalization has gained after so many seconds of camera",
        description="Show each person to the live window's way of learning for some seconds, with "
        "as many updates as a machine makes in that time, and predict all frames with what was "
        "learnt. A preset's rate is what `benchmark live --preset NAME` prints on the machine.",
    )
    _add_common(pace)
    _add_people(pace)
    pace.add_argument(
        "--presets", metavar="LIST", default="steady,fast", help="default: steady,fast"
    )
    pace.add_argument(
        "--pairs-per-second",
        metavar="LIST",
        required=True,
        help="how fast each of the presets learns, in the same order",
    )
    pace.add_argument(
        "--seconds", metavar="LIST", default="10,30,60", help="when to look (default: 10,30,60)"
    )
    _add_runs(pace)
    add_serving_precision(pace, "bfloat16 where the processor has it, else float32")
    pace.set_defaults(func=_run_pace, preset=None)
    gradients = experiments.add_parser(
        "gradients",
        help="whether the self-supervised and the supervised loss pull the same way",
        description="For each person, the cosine between the gradients of the loss that "
        "personalization minimises and of the supervised one. Where it is above zero, following "
        "the first lowers the second.",
    )
    _add_common(gradients)
    _add_people(gradients)
    add_personalization(gradients, resets=False, offline=False)
    gradients.set_defaults(func=_run_gradients)
    add_drift(experiments)
    imm.add_evaluation(experiments)


def _add_common(parser: argparse.ArgumentParser) -> None:
    """Add what every experiment can be told."""
    add_scored(parser)
    add_device(parser)
    parser.add_argument(
        "--out", metavar="DIR", type=Path, help="also write the figures there, as .md and .csv"
    )
    add_quiet_json(parser)


def _add_people(parser: argparse.ArgumentParser) -> None:
    """Add which people are looked at."""
    parser.add_argument(
        "--people", metavar="N", type=int, help="only N people, spread over the set"
    )
    parser.add_argument("--frames", metavar="N", type=int, help="only the first N of each person")
    parser.add_argument(
        "--aside",
        metavar="SHARE",
        type=float,
        help="only the people that training with the same --aside keeps out",
    )


def _add_runs(parser: argparse.ArgumentParser) -> None:
    """Add how often, and in how many processes, people are gone through."""
    parser.add_argument(
        "--seeds", metavar="LIST", default="0", help="of sources and draws, as 0,1,2 (default: 0)"
    )
    parser.add_argument(
        "--workers",
        metavar="N",
        type=int,
        help="processes that go through people beside each other (default: one for each core)",
    )


def _run_accuracy(args: argparse.Namespace) -> int:
    import torch
    from tqdm import tqdm

    from app.assets import WEIGHTS
    from model.core.device import choose_device
    from model.data.catalogue import Request
    from model.evaluation.accuracy_report import measure_accuracy
    from model.evaluation.rival import Rival
    from model.ttp.onnx_int8 import ranges_for
    from model.ttp.weights import load

    weights = args.weights or WEIGHTS
    network = load(weights, choose_device("cpu" if args.int8 else args.device).device)
    ranges = ranges_for(weights, "int8") if args.int8 else None
    threads = torch.get_num_threads()
    rivals = [Rival(path, threads, flip_test=args.flip_test) for path in args.rival]
    data_set = _people(args)
    fit_on = None
    if args.fit_offsets is not None:
        fit_on = Request.parse(args.fit_offsets).read("train", network.spec.crop_shift)
    hidden = True if args.json else None  # None: hidden where nobody watches
    watched = [data_set] if fit_on is None else [data_set, fit_on]
    frames = sum(-(-len(frames) // max(1, args.every)) for frames in watched)
    with tqdm(total=frames, unit="frame", disable=hidden) as bar:
        report = measure_accuracy(
            network,
            weights.name,
            data_set,
            every=args.every,
            threshold=args.threshold,
            flip_test=args.flip_test,
            ranges=ranges,
            rivals=rivals,
            fit_on=fit_on,
            progress=bar.update,
        )
    tell_report(args, report)
    return 0


def _run_gain(args: argparse.Namespace) -> int:
    from tqdm import tqdm

    from app.assets import WEIGHTS
    from model.adaptation.settings import method_of
    from model.core.device import choose_device
    from model.data.catalogue import Request
    from model.engine.ranks import joined_ranks
    from model.evaluation.gain import GainReport, compared
    from model.evaluation.personalized import Protocol

    weights = args.weights or WEIGHTS
    device = choose_device(args.device).device
    settings = chosen_settings(args, Request.parse(args.data).source.name)
    modes, seeds = _modes(args.modes, settings), number_list(args.seeds)
    people = _people(args)
    once = Protocol(
        settings=settings, unit=chosen_unit(args), first_frame_only=only_first_frame(args)
    )
    with joined_ranks(device) as ranks:
        runner = _runner(args, ranks)
        hidden = True if args.json or not ranks.first else None
        total = len(people) * len(modes) * (1 + len(seeds))
        gains, skipped = [], dict[str, None]()
        with tqdm(total=total, unit="frame", disable=hidden) as bar:
            for mode in modes:
                own = replace(once, mode=mode, downsample=1 if mode == "offline" else args.every)
                # The network as it is, on the frames that this mode predicts.
                plain = Protocol(downsample=own.downsample)
                before = runner.predict(weights, people, plain, bar.update)
                after = [
                    runner.predict(weights, people, replace(own, seed=seed), bar.update)
                    for seed in seeds
                ]
                gains.append(compared(mode, before, after))
                skipped.update(dict.fromkeys(before.skipped))
        report = GainReport(
            weights.name, people.name, len(people), settings, tuple(gains), seeds, args.every,
            tuple(skipped), method_of(settings, Request.parse(args.data).source.name),
            runner.precision,
        )  # fmt: skip
        if ranks.first:
            tell_report(args, report)
    return 0


def _run_pace(args: argparse.Namespace) -> int:
    from tqdm import tqdm

    from app.assets import WEIGHTS
    from model.adaptation import preset
    from model.core.device import choose_device
    from model.engine.ranks import joined_ranks
    from model.evaluation.gain import PaceReport, measure_pace, rates_of

    weights = args.weights or WEIGHTS
    presets = [preset(name) for name in args.presets.split(",")]
    rates = rates_of(presets, _numbers(args.pairs_per_second))
    seconds, seeds = number_list(args.seconds), number_list(args.seeds)
    people = _people(args)
    with joined_ranks(choose_device(args.device).device) as ranks:
        runner = _runner(args, ranks)
        hidden = True if args.json or not ranks.first else None
        runs = 1 + len(rates) * len(seconds) * len(seeds)
        with tqdm(total=len(people) * runs, unit="frame", disable=hidden) as bar:
            rows = measure_pace(
                lambda protocol: runner.predict(weights, people, protocol, bar.update),
                rates,
                seconds,
                seeds,
            )
        report = PaceReport(
            weights.name, people.name, len(people), runner.precision, seeds, tuple(rows)
        )
        if ranks.first:
            tell_report(args, report)
    return 0


def _runner(args: argparse.Namespace, ranks: Ranks) -> PeopleRunner:
    from app.assets import PERCEPTUAL_WEIGHTS, PERSON_MASK
    from model.evaluation.runs import Machine, PeopleRunner

    return PeopleRunner(
        PERCEPTUAL_WEIGHTS,
        PERSON_MASK,
        None if args.out is None else args.out / "predictions",
        Machine(ranks.device, args.workers or os.cpu_count() or 1, chosen_precision(args)),
        ranks,
    )


def _numbers(text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise UserError(f"--pairs-per-second was {text!r}; give numbers such as 4.0,2.5.") from None


def _run_gradients(args: argparse.Namespace) -> int:
    from tqdm import tqdm

    from app.assets import PERCEPTUAL_WEIGHTS, PERSON_MASK, WEIGHTS
    from model.core.device import choose_device
    from model.core.perceptual import load_perceptual_loss
    from model.evaluation.gradients import AgreementReport, gradient_agreement
    from model.tracking import PersonMasker
    from model.ttp.weights import load

    weights = args.weights or WEIGHTS
    network = load(weights, choose_device(args.device).device)
    people, settings = _people(args), chosen_settings(args)
    with tqdm(total=len(people.persons), unit="person", disable=True if args.json else None) as bar:
        cosines = gradient_agreement(
            network,
            load_perceptual_loss(PERCEPTUAL_WEIGHTS),
            people,
            settings,
            masker=PersonMasker(PERSON_MASK) if network.spec.masked else None,
            progress=bar.update,
        )
    report = AgreementReport(weights.name, people.name, settings, cosines)
    tell_report(args, report)
    return 0


def _people(args: argparse.Namespace) -> DataSet:
    from app.assets import WEIGHTS
    from model.data.catalogue import Request, people_aside
    from model.evaluation.gain import first_frames, with_unlabelled
    from model.ttp.weights import read_spec

    for name in ("people", "frames", "workers"):
        value = getattr(args, name, None)
        if value is not None and value < 1:
            raise UserError(f"--{name} was {value}; give a number of 1 or more.")
    shift = read_spec(args.weights or WEIGHTS).crop_shift
    request = Request.parse(args.data)
    if args.aside is None:
        people = request.read(args.split, shift)
    else:
        people = people_aside(request, args.aside, shift)
    people = first_frames(people, args.people, args.frames)
    if getattr(args, "extra", None) is not None:
        people = with_unlabelled(people, Request.parse(args.extra).read(args.split, shift))
    return people


def _modes(text: str | None, settings: PersonalizationSettings) -> tuple[Mode, ...]:
    known: tuple[Mode, ...] = ("carried", "online", "offline")
    if text is None:
        return known if settings.carry else known[1:]
    modes = tuple(name for name in known if name in text.split(","))
    if set(modes) != set(text.split(",")):
        raise UserError(f"--modes was {text!r}; give one or several of: {', '.join(known)}.")
    return modes
