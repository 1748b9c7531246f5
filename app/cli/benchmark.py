"""``python main.py benchmark KIND``: how fast the application is on this machine."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path

from app.cli import Subparsers, add_mixture, sentence


def add_parser(subparsers: Subparsers) -> None:
    """Add ``benchmark`` and what it can measure."""
    text = "measure speed on this machine"
    parser = subparsers.add_parser("benchmark", help=text, description=sentence(text))
    kinds = parser.add_subparsers(
        title="what to measure", metavar="KIND", dest="kind", required=True
    )
    live = kinds.add_parser(
        "live",
        help="the window on a clip, personalizing",
        description="Play a clip in the window, personalize, and print how many frames are "
        "predicted and learnt from in a second, and how late they are.",
    )
    live.add_argument(
        "--demo", default="webcam", metavar="NAME", help="the embedded clip (default: webcam)"
    )
    live.add_argument(
        "--seconds", metavar="S", type=float, default=30.0, help="how long to measure (default: 30)"
    )
    live.add_argument(
        "--warm-up",
        metavar="S",
        type=float,
        default=10.0,
        help="seconds before it counts (default: 10)",
    )
    live.add_argument("--preset", metavar="NAME", help="the settings to personalize with")
    live.add_argument("--weights", type=Path, metavar="FILE", help="another network")
    live.add_argument("--device", metavar="NAME", help="auto, cpu, cuda, cuda:1 or mps")
    live.add_argument(
        "--precision",
        choices=("float32", "bfloat16"),
        help="what is computed with (default: whatever is faster on this machine)",
    )
    live.add_argument(
        "--predict-only", action="store_true", help="predict without learning from anything"
    )
    live.add_argument("--json", action="store_true", help="print one JSON object")
    live.set_defaults(func=_run_live)
    predict = kinds.add_parser(
        "predict",
        help="prediction alone, beside rivals on the same frames and threads",
        description="Predict frames of a clip in turns with rivals, each on the same number of CPU "
        "threads, and print how many frames a second they do. Finding the person is not measured.",
    )
    predict.add_argument(
        "--demo", default="webcam", metavar="NAME", help="the embedded clip (default: webcam)"
    )
    predict.add_argument(
        "--threads", type=int, default=1, metavar="N", help="CPU threads (default: 1)"
    )
    predict.add_argument(
        "--repeats", type=int, default=100, metavar="N", help="frames each (default: 100)"
    )
    predict.add_argument("--weights", type=Path, metavar="FILE", help="another network")
    predict.add_argument(
        "--precision",
        choices=("float32", "bfloat16"),
        help="what is computed with (default: whatever is faster on this machine)",
    )
    predict.add_argument(
        "--rival",
        metavar="FILE.onnx",
        type=Path,
        action="append",
        default=[],
        help="another network, as for evaluate accuracy; may be given several times",
    )
    predict.add_argument("--json", action="store_true", help="print one JSON object")
    predict.set_defaults(func=_run_predict)
    _add_step(kinds)
    start = kinds.add_parser(
        "start",
        help="from the command to the first skeleton",
        description="Start the application several times on an embedded clip, and tell how many "
        "seconds pass until a skeleton is on the screen.",
    )
    start.add_argument(
        "--demo", default="webcam", metavar="NAME", help="the embedded clip (default: webcam)"
    )
    start.add_argument(
        "--starts", type=int, default=3, metavar="N", help="how often (2 or more, default: 3)"
    )
    start.add_argument("--json", action="store_true", help="print one JSON object")
    start.set_defaults(func=_run_start)
    _add_train(kinds)
    _add_soak(kinds)
    data = kinds.add_parser(
        "data",
        help="how fast training examples are decoded and cut out, without a network",
        description="Measure how fast pairs of a target and a source are decoded, augmented and "
        "put into batches, with the published settings and without a network: in this process, "
        "and in several. Training waits for its data if the network takes more pairs per second.",
    )
    add_mixture(data)
    data.add_argument(
        "--workers", type=int, default=2, metavar="N", help="processes to compare (default: 2)"
    )
    data.add_argument(
        "--seconds",
        metavar="S",
        type=float,
        default=5.0,
        help="how long to measure each (default: 5)",
    )
    data.add_argument("--json", action="store_true", help="print one JSON object")
    data.set_defaults(func=_run_data)
    skeletons = kinds.add_parser(
        "skeletons",
        help="how fast KeypointGAN's skeleton images are drawn, on one core",
        description="Draw skeleton images of random poses on one core, without and with gradient, "
        "beside the formula computed as it is written.",
    )
    skeletons.add_argument(
        "--skeleton", default="h36m32", metavar="SET", help="whose limbs (default: h36m32)"
    )
    for option, default, text in (
        ("size", 128, "side of the images, pixels"),
        ("batch", 16, "images at a time"),
        ("repeats", 30, "measurements, of which the median counts"),
    ):
        skeletons.add_argument(
            f"--{option}",
            type=int,
            default=default,
            metavar="N",
            help=f"{text} (default: {default})",
        )
    skeletons.add_argument("--json", action="store_true", help="print one JSON object")
    skeletons.set_defaults(func=_run_skeletons)


def _add_step(kinds: Subparsers) -> None:
    step = kinds.add_parser(
        "step",
        help="one online step, beside the released loop on the same pairs",
        description="Learn from a batch and predict a frame in turns with the released code's "
        "loop, and print how many times faster it is: computing the same (exact), and with the "
        "presets. The results are compared too.",
    )
    step.add_argument(
        "--batch", type=int, default=32, metavar="N", help="pairs of an update (default: 32)"
    )
    step.add_argument(
        "--repeats", type=int, default=5, metavar="N", help="steps that count (default: 5)"
    )
    network = step.add_mutually_exclusive_group()
    network.add_argument(
        "--weights", type=Path, metavar="FILE", help="a network instead of these two"
    )
    network.add_argument(
        "--backbone",
        default="resnet18",
        metavar="NAME",
        help="of the network with random weights that is measured beside the embedded one "
        "(default: resnet18, the paper's)",
    )
    step.add_argument(
        "--precision",
        choices=("float32", "bfloat16"),
        help="what presets compute with (default: whatever is faster on this machine)",
    )
    step.add_argument("--device", metavar="NAME", help="auto, cpu, cuda, cuda:1 or mps")
    step.add_argument("--json", action="store_true", help="print one JSON object")
    step.set_defaults(func=_run_step)


def _add_soak(kinds: Subparsers) -> None:
    soak = kinds.add_parser(
        "soak",
        help="the window for hours, with random actions and injected faults",
        description="Run the window on the looped demo, do at random what a user does, inject "
        "faults, and record memory, threads, open files, latency and updates. Ends with a verdict "
        "(exit code 1 if something did not hold) and a plot.",
    )
    soak.add_argument("--hours", metavar="H", type=float, default=2.0, help="how long (default: 2)")
    soak.add_argument(
        "--seed", metavar="N", type=int, default=0, help="of the actions and faults (default: 0)"
    )
    soak.add_argument(
        "--plot",
        metavar="FILE.png",
        type=Path,
        default=Path("soak.png"),
        help="where the plot is written (default: soak.png)",
    )
    soak.add_argument("--weights", type=Path, metavar="FILE", help="another network")
    soak.add_argument("--device", metavar="NAME", help="auto, cpu, cuda, cuda:1 or mps")
    soak.add_argument("--json", action="store_true", help="print one JSON object")
    soak.set_defaults(func=_run_soak)


def _run_soak(args: argparse.Namespace) -> int:
    from app.benchmarks.soak import measure_soak
    from model.core.errors import check_number

    check_number("hours", args.hours, 0 < args.hours <= 1000, "above 0, at most 1000")
    figures = measure_soak(
        hours=args.hours,
        seed=args.seed,
        plot=args.plot,
        weights=args.weights,
        device=args.device,
    )
    _print(figures.rounded(), as_json=args.json)
    return 0 if not figures.broken else 1


def _add_train(kinds: Subparsers) -> None:
    train = kinds.add_parser(
        "train",
        help="training steps, from a loader and with all pictures on the device",
        description="Train the paper's network with both losses in turns, fed by a loader and "
        "with all pictures on the device, and print how many examples a second each learns from.",
    )
    add_mixture(train, required=False, otherwise="Default: frames of the embedded clips. ")
    train.add_argument(
        "--batch", type=int, default=32, metavar="N", help="examples of a step (default: 32)"
    )
    train.add_argument(
        "--workers", type=int, default=1, metavar="N", help="processes that load (default: 1)"
    )
    train.add_argument(
        "--seconds",
        metavar="S",
        type=float,
        default=20.0,
        help="how long to measure each, in each of two turns (default: 20)",
    )
    train.add_argument(
        "--backbone", default="resnet18", metavar="NAME", help="the network (default: resnet18)"
    )
    train.add_argument(
        "--precision",
        choices=("float32", "bfloat16"),
        help="what is computed with (default: whatever is faster on this machine)",
    )
    train.add_argument("--device", metavar="NAME", help="auto, cpu, cuda, cuda:1 or mps")
    train.add_argument("--json", action="store_true", help="print one JSON object")
    train.set_defaults(func=_run_train)


def _run_train(args: argparse.Namespace) -> int:
    from app.benchmarks.train import measure_train
    from model.core.errors import check_number
    from model.data.catalogue import Request

    check_number("batch", args.batch, args.batch >= 1, "1 or more")
    check_number("workers", args.workers, args.workers >= 0, "0 or more")
    check_number("seconds", args.seconds, args.seconds > 0, "above 0")
    figures = measure_train(
        [Request.parse(text) for text in args.data],
        batch=args.batch,
        workers=args.workers,
        seconds=args.seconds,
        backbone=args.backbone,
        precision=args.precision,
        device=args.device,
    )
    _print(figures.rounded(), as_json=args.json)
    return 0


def _run_step(args: argparse.Namespace) -> int:
    from app.benchmarks.step import measure_step
    from model.core.errors import check_number

    for name in ("batch", "repeats"):
        check_number(name, getattr(args, name), getattr(args, name) >= 1, "1 or more")
    figures = measure_step(
        batch=args.batch,
        repeats=args.repeats,
        weights=args.weights,
        backbone=args.backbone,
        precision=args.precision,
        device=args.device,
    )
    _print(figures.rounded(), as_json=args.json)
    return 0


def _run_live(args: argparse.Namespace) -> int:
    from app.benchmarks.live import measure_live
    from model.core.errors import UserError

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
        precision=args.precision,
        personalize=not args.predict_only,
    ).rounded()
    _print(figures, as_json=args.json)
    return 0


def _run_predict(args: argparse.Namespace) -> int:
    from app.benchmarks.predict import measure_predict
    from model.core.errors import check_number

    for name in ("threads", "repeats"):
        check_number(name, getattr(args, name), getattr(args, name) >= 1, "1 or more")
    figures = measure_predict(
        args.demo,
        threads=args.threads,
        repeats=args.repeats,
        weights=args.weights,
        precision=args.precision,
        rivals=args.rival,
    )
    _print(figures.rounded(), as_json=args.json)
    return 0


def _run_start(args: argparse.Namespace) -> int:
    from app.benchmarks.start import measure_start
    from model.core.errors import check_number

    check_number("starts", args.starts, args.starts >= 2, "2 or more")
    _print(measure_start(args.demo, args.starts).rounded(), as_json=args.json)
    return 0


def _run_data(args: argparse.Namespace) -> int:
    from app.benchmarks.data import measure_data
    from model.core.errors import UserError
    from model.data.catalogue import Request

    if args.seconds <= 0 or args.workers < 1:
        raise UserError(
            f"Cannot measure {args.seconds} s with {args.workers} processes: give --seconds above "
            "0 and --workers of 1 or more."
        )
    requests = [Request.parse(text) for text in args.data]
    figures = measure_data(requests, workers=args.workers, seconds=args.seconds)
    _print(figures.rounded(), as_json=args.json)
    return 0


def _run_skeletons(args: argparse.Namespace) -> int:
    from app.benchmarks.skeletons import measure_skeletons
    from model.core.errors import check_number

    for name in ("size", "batch", "repeats"):
        check_number(name, getattr(args, name), getattr(args, name) >= 1, "1 or more")
    figures = measure_skeletons(
        name=args.skeleton, size=args.size, batch=args.batch, repeats=args.repeats
    )
    _print(figures.rounded(), as_json=args.json)
    return 0


def _print(figures: Mapping[str, float | int | str], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(figures))
    else:
        width = max(map(len, figures))
        print("\n".join(f"{name:<{width}}  {value}" for name, value in figures.items()))
