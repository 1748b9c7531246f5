"""``python main.py`` without a sub-command: the window."""

from __future__ import annotations

import argparse
from pathlib import Path

from app.cli.options import add_serving_precision


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the window's options to the program's own parser."""
    source = parser.add_argument_group(
        "source", "what to look at; without one of these, the last source or the demo"
    ).add_mutually_exclusive_group()
    source.add_argument("--demo", metavar="NAME", help="an embedded clip")
    source.add_argument("--video", metavar="FILE", type=Path, help="a video file")
    source.add_argument("--camera", metavar="NAME", help="a camera, as doctor lists it")
    source.add_argument("--images", metavar="DIR", type=Path, help="a folder of pictures")

    network = parser.add_argument_group("network")
    network.add_argument(
        "--mode",
        choices=("none", "online"),
        help="whether the network learns from the start (default: as the last time)",
    )
    network.add_argument("--preset", metavar="NAME", help="the settings to personalize with")
    network.add_argument(
        "--weights", metavar="FILE", type=Path, help="a network to use instead of the embedded one"
    )
    network.add_argument(
        "--keypointgan",
        metavar="FILE",
        type=Path,
        help="weights for the KeypointGAN panel, which opens with them",
    )
    network.add_argument(
        "--device", metavar="NAME", help="auto, cpu, cuda, cuda:1 or mps (default: auto)"
    )
    add_serving_precision(network)

    parser.add_argument_group("view").add_argument(
        "--explain",
        action="store_true",
        help="show what the network sees and learns, as the key E does",
    )

    outputs = parser.add_argument_group("other programs", "who else gets every result")
    outputs.add_argument(
        "--processor",
        metavar="FILE.py",
        type=Path,
        help="a Python file whose class Processor gets each result: docs/processors.md",
    )
    outputs.add_argument(
        "--osc",
        metavar="HOST:PORT",
        nargs="?",
        const="127.0.0.1:9000",
        help="send keypoints by OSC (without a value, to this machine: 127.0.0.1:9000)",
    )

    automation = parser.add_argument_group("pictures and tests")
    automation.add_argument(
        "--screenshot",
        metavar="FILE",
        type=Path,
        help="save a picture of the window at the end (after 10 s without --quit-after)",
    )
    automation.add_argument(
        "--quit-after", metavar="SECONDS", type=_seconds, help="close the window by itself"
    )


def run(args: argparse.Namespace) -> int:
    """Open the window and return its exit code when it is closed."""
    from app.gui.launch import Launch, launch
    from app.settings import SourceChoice, SourceKind

    choices = {
        SourceKind.DEMO: args.demo,
        SourceKind.VIDEO: args.video,
        SourceKind.CAMERA: args.camera,
        SourceKind.IMAGES: args.images,
    }
    given = [SourceChoice(kind, str(value)) for kind, value in choices.items() if value is not None]
    return launch(
        Launch(
            source=given[0] if given else None,
            personalize=args.mode == "online",
            preset=args.preset,
            weights=args.weights,
            keypoint_gan=args.keypointgan,
            device=args.device,
            precision=args.precision,
            processor=args.processor,
            osc=args.osc,
            explain=args.explain,
            screenshot=args.screenshot,
            quit_after=args.quit_after,
        )
    )


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"expected a number of seconds above 0, not {text!r}")
    return seconds
