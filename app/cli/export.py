"""``python main.py export onnx``: the network for other programs."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from app.cli import Subparsers, sentence


def add_parser(subparsers: Subparsers) -> None:
    """Add ``export`` and the formats it writes."""
    text = "write the network in a form that other programs run"
    parser = subparsers.add_parser("export", help=text, description=sentence(text))
    formats = parser.add_subparsers(title="formats", metavar="FORMAT", dest="format", required=True)
    onnx = formats.add_parser(
        "onnx",
        help="the pose branch as ONNX",
        description="Write the pose branch as ONNX, and beside it, as JSON, what a program must "
        "know to use it; docs/onnx.md has an example. The file is checked against PyTorch in ONNX "
        "Runtime; one that computes something else is not written.",
    )
    onnx.add_argument(
        "--out", metavar="FILE", type=Path, required=True, help="where to write, NAME.onnx"
    )
    onnx.add_argument(
        "--weights", metavar="FILE", type=Path, help="a network to use instead of the embedded one"
    )
    onnx.add_argument("--json", action="store_true", help="print one line of JSON")
    onnx.set_defaults(func=_run_onnx)


def _run_onnx(args: argparse.Namespace) -> int:
    from app.assets import WEIGHTS
    from model.core.weights import read_metadata
    from model.ttp.onnx_export import TOLERANCE, export_onnx
    from model.ttp.weights import load

    weights = args.weights or WEIGHTS
    report = export_onnx(load(weights), args.out, read_metadata(weights))
    size = report.path.stat().st_size
    if args.json:
        figures = {
            "path": str(report.path),
            "metadata_path": str(report.metadata_path),
            "bytes": size,
            "max_differences": dict(report.differences),
        }
        print(json.dumps(figures))
        return 0
    print(f"{report.path} ({size / 1e6:.0f} MB), described in {report.metadata_path}")
    print(
        f"Largest differences from PyTorch in ONNX Runtime ({TOLERANCE:g} is allowed, of the "
        "largest value where that is above 1):"
    )
    for name, difference in report.differences.items():
        print(f"  {name:<14} {difference:.1e}")
    return 0
