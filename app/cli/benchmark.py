"""``python main.py benchmark KIND``: how fast the application is on this machine."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping
from pathlib import Path

from app.cli import Subparsers, add_mixture, sentence
from app.cli.options import add_serving_precision
from model.core.errors import UserError, check_number


def add_parser(subparsers: Subparsers) -> None:
    """Add ``benchmark`` and what it can measure."""
    text = "measure speed on this machine"
    parser = subparsers.add_parser("benchmark", help=text, description=sentence(text))
    kinds = parser.add_subparsers(
        title="what to measure", metavar="KIND", dest="kind", required=True
    )
    _add_live(kinds)
    _add_predict(kinds)
    _add_step(kinds)
    _add_start(kinds)
    _add_train(kinds)
    _add_soak(kinds)
    _add_data(kinds)
    _add_skeletons(kinds)


def _add_demo(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--demo", default="webcam", metavar="NAME", help="the embedded clip (default: webcam)"
    )


def _add_seconds(parser: argparse.ArgumentParser, default: float, how_long: str) -> None:
    parser.add_argument(
        "--seconds",
        metavar="S",
        type=float,
        default=default,
        help=f"{how_long} (default: {default:g})",
    )


def _add_count(
    parser: argparse._ActionsContainer, option: str, default: int, text: str, note: str = ""
) -> None:
    parser.add_argument(
        option, type=int, default=default, metavar="N", help=f"{text} ({note}default: {default})"
    )


def _add_weights(parser: argparse._ActionsContainer, text: str = "another network") -> None:
    parser.add_argument("--weights", type=Path, metavar="FILE", help=text)


def _add_device(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--device", metavar="NAME", help="auto, cpu, cuda, cuda:1 or mps")


def _add_precision(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--precision",
        choices=("float32", "bfloat16"),
        help="what is computed with (default: whatever is faster on this machine)",
    )


def _finish(parser: argparse.ArgumentParser, run: Callable[[argparse.Namespace], int]) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(func=run)


def _add_live(kinds: Subparsers) -> None:
    live = kinds.add_parser(
        "live",
        help="the window on a clip, personalizing",
        description="Play a clip in the window, personalize, and print how many frames are "
        "predicted and learnt from in a second, and how late they are.",
    )
    _add_demo(live)
    _add_seconds(live, 30.0, "how long to measure")
    live.add_argument(
        "--warm-up",
        metavar="S",
        type=float,
        default=10.0,
        help="seconds before it counts (default: 10)",
    )
    live.add_argument("--preset", metavar="NAME", help="the settings to personalize with")
    _add_weights(live)
    _add_device(live)
    add_serving_precision(live)
    live.add_argument(
        "--predict-only", action="store_true", help="predict without learning from anything"
    )
    _finish(live, _run_live)


def _add_predict(kinds: Subparsers) -> None:
    predict = kinds.add_parser(
        "predict",
        help="prediction alone, beside rivals on the same frames and threads",
        description="Predict frames of a clip in turns with rivals, each on the same number of CPU "
        "threads, and print how many frames a second they do. Finding the person is not measured.",
    )
    _add_demo(predict)
    _add_count(predict, "--threads", 1, "CPU threads")
    _add_count(predict, "--repeats", 100, "frames each")
    _add_weights(predict)
    add_serving_precision(predict)
    predict.add_argument(
        "--rival",
        metavar="FILE.onnx",
        type=Path,
        action="append",
        default=[],
        help="another network, as for evaluate accuracy; may be given several times",
    )
    _finish(predict, _run_predict)


def _add_step(kinds: Subparsers) -> None:
    step = kinds.add_parser(
        "step",
        help="one online step, beside the released loop on the same pairs",
        description="Learn from a batch and predict a frame in turns with the released code's "
        "loop, and print how many times faster it is: computing the same (exact), and with the "
        "presets. The results are compared too.",
    )
    _add_count(step, "--batch-size", 32, "pairs of an update")
    _add_count(step, "--repeats", 5, "steps that count")
    network = step.add_mutually_exclusive_group()
    _add_weights(network, "a network instead of these two")
    network.add_argument(
        "--backbone",
        default="resnet18",
        metavar="NAME",
        help="of the network with random weights that is measured beside the embedded one "
        "(default: resnet18, the paper's)",
    )
    add_serving_precision(step)
    _add_device(step)
    _finish(step, _run_step)


def _add_start(kinds: Subparsers) -> None:
    start = kinds.add_parser(
        "start",
        help="from the command to the first skeleton",
        description="Start the application several times on an embedded clip, and tell how many "
        "seconds pass until a skeleton is on the screen.",
    )
    _add_demo(start)
    _add_count(start, "--starts", 3, "how often", "2 or more, ")
    _finish(start, _run_start)


def _add_train(kinds: Subparsers) -> None:
    train = kinds.add_parser(
        "train",
        help="training steps, from a loader and with all pictures on the device",
        description="Train the paper's network with both losses in turns, fed by a loader and "
        "with all pictures on the device, and print how many examples a second each learns from.",
    )
    add_mixture(train, required=False, otherwise="Default: frames of the embedded clips. ")
    _add_count(train, "--batch-size", 32, "examples of a step")
    _add_count(train, "--workers", 1, "processes that load")
    _add_seconds(train, 20.0, "how long to measure each, in each of two turns")
    train.add_argument(
        "--backbone", default="resnet18", metavar="NAME", help="the network (default: resnet18)"
    )
    _add_precision(train)
    _add_device(train)
    _finish(train, _run_train)


def _add_soak(kinds: Subparsers) -> None:
    soak = kinds.add_parser(
        "soak",
        help="the window for hours, with random actions and injected faults",
        description="Run the window on the looped demo, do at random what a user does, inject "
        "faults, and record memory, threads, open files, latency and updates. Memory may grow by "
        "50 MB in ten minutes or more, and by 3 % in half an hour or more. Ends with a verdict "
        "(exit code 1 if something did not hold) and a plot.",
    )
    soak.add_argument("--hours", metavar="H", type=float, default=2.0, help="how long (default: 2)")
    soak.add_argument("--no-faults", action="store_true", help="only what a user does")
    _add_count(soak, "--seed", 0, "of the actions and faults")
    soak.add_argument(
        "--plot",
        metavar="FILE.png",
        type=Path,
        default=Path("soak.png"),
        help="where the plot is written (default: soak.png)",
    )
    _add_weights(soak)
    _add_device(soak)
    _finish(soak, _run_soak)


def _add_data(kinds: Subparsers) -> None:
    data = kinds.add_parser(
        "data",
        help="how fast training examples are decoded and cut out, without a network",
        description="Measure how fast pairs of a target and a source are decoded, augmented and "
        "put into batches, with the published settings and without a network: in this process, "
        "and in several. Training waits for its data if the network takes more pairs per second.",
    )
    add_mixture(data)
    _add_count(data, "--workers", 2, "processes to compare")
    _add_seconds(data, 5.0, "how long to measure each")
    _finish(data, _run_data)


def _add_skeletons(kinds: Subparsers) -> None:
    skeletons = kinds.add_parser(
        "skeletons",
        help="how fast KeypointGAN's skeleton images are drawn, on one core",
        description="Draw skeleton images of random poses on one core, without and with gradient, "
        "beside the formula computed as it is written.",
    )
    skeletons.add_argument(
        "--skeleton", default="h36m32", metavar="SET", help="whose limbs (default: h36m32)"
    )
    _add_count(skeletons, "--size", 128, "side of the images, pixels")
    _add_count(skeletons, "--batch-size", 16, "images at a time")
    _add_count(skeletons, "--repeats", 30, "measurements, of which the median counts")
    _finish(skeletons, _run_skeletons)


def _run_live(args: argparse.Namespace) -> int:
    from app.benchmarks.live import measure_live

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
    return _tell(figures, args)


def _run_predict(args: argparse.Namespace) -> int:
    from app.benchmarks.predict import measure_predict

    _check_counts(args, "threads", "repeats")
    figures = measure_predict(
        args.demo,
        threads=args.threads,
        repeats=args.repeats,
        weights=args.weights,
        precision=args.precision,
        rivals=args.rival,
    )
    return _tell(figures.rounded(), args)


def _run_step(args: argparse.Namespace) -> int:
    from app.benchmarks.step import measure_step

    _check_counts(args, "batch_size", "repeats")
    figures = measure_step(
        batch=args.batch_size,
        repeats=args.repeats,
        weights=args.weights,
        backbone=args.backbone,
        precision=args.precision,
        device=args.device,
    )
    return _tell(figures.rounded(), args)


def _run_start(args: argparse.Namespace) -> int:
    from app.benchmarks.start import measure_start

    check_number("starts", args.starts, args.starts >= 2, "2 or more")
    return _tell(measure_start(args.demo, args.starts).rounded(), args)


def _run_train(args: argparse.Namespace) -> int:
    from app.benchmarks.train import measure_train
    from model.data.catalogue import Request

    _check_counts(args, "batch_size")
    check_number("workers", args.workers, args.workers >= 0, "0 or more")
    check_number("seconds", args.seconds, args.seconds > 0, "above 0")
    figures = measure_train(
        [Request.parse(text) for text in args.data],
        batch=args.batch_size,
        workers=args.workers,
        seconds=args.seconds,
        backbone=args.backbone,
        precision=args.precision,
        device=args.device,
    )
    return _tell(figures.rounded(), args)


def _run_soak(args: argparse.Namespace) -> int:
    from app.benchmarks.soak import measure_soak

    check_number("hours", args.hours, 0 < args.hours <= 1000, "above 0, at most 1000")
    figures = measure_soak(
        hours=args.hours,
        seed=args.seed,
        plot=args.plot,
        weights=args.weights,
        device=args.device,
        faults=not args.no_faults,
    )
    _tell(figures.rounded(), args)
    return 1 if figures.broken else 0


def _run_data(args: argparse.Namespace) -> int:
    from app.benchmarks.train import measure_data
    from model.data.catalogue import Request

    if args.seconds <= 0 or args.workers < 1:
        raise UserError(
            f"Cannot measure {args.seconds} s with {args.workers} processes: give --seconds above "
            "0 and --workers of 1 or more."
        )
    requests = [Request.parse(text) for text in args.data]
    figures = measure_data(requests, workers=args.workers, seconds=args.seconds)
    return _tell(figures.rounded(), args)


def _run_skeletons(args: argparse.Namespace) -> int:
    from app.benchmarks.train import measure_skeletons

    _check_counts(args, "size", "batch_size", "repeats")
    figures = measure_skeletons(
        name=args.skeleton, size=args.size, batch=args.batch_size, repeats=args.repeats
    )
    return _tell(figures.rounded(), args)


def _check_counts(args: argparse.Namespace, *names: str) -> None:
    """``UserError`` for an option of these that is not 1 or more."""
    for name in names:
        check_number(name, getattr(args, name), getattr(args, name) >= 1, "1 or more")


def _tell(figures: Mapping[str, float | int | str], args: argparse.Namespace) -> int:
    """Print what was measured; the exit code of a measurement that went well."""
    if args.json:
        print(json.dumps(figures))
    else:
        width = max(map(len, figures))
        print("\n".join(f"{name:<{width}}  {value}" for name, value in figures.items()))
    return 0
