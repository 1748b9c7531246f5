"""``python main.py export``, ``import-weights`` and ``calibrate``: files of networks.

The network for other programs, as ONNX; others' networks as weight files of this program, which are
checkpoints of the released TTP, KeypointGAN and IMM code, and MoveNet's ONNX files; and what a
network needs to be computed in 8-bit whole numbers.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from app.cli import Subparsers, add_mixture, sentence
from model.core.errors import UserError, check_number

if TYPE_CHECKING:
    from model.ttp.networks import NetworkSpec


def add_parser(subparsers: Subparsers) -> None:
    """Register the commands and their options."""
    _add_export(subparsers)
    _add_import(subparsers)
    _add_calibrate(subparsers)


def _add_export(subparsers: Subparsers) -> None:
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


_OFFLINE = "offline_regressor"
_MOVENET_LICENCE = "Apache-2.0 (MoveNet, by Google)"


def _add_import(subparsers: Subparsers) -> None:
    """Register the command and its options."""
    text = "convert the authors' checkpoints, or MoveNet, to a weight file of this program"
    parser = subparsers.add_parser(
        "import-weights",
        help=text,
        description=f"{sentence(text)} A file is one of TTP, whose variant, backbone and joints "
        "are read off it. A folder is one of KeypointGAN, with files such as latest_net_G_A.pth "
        "and 580000_net_regressor.pth. A TensorFlow checkpoint, such as model.ckpt with its files "
        ".index and .data, is one of IMM. An .onnx file is MoveNet Thunder or Lightning, which of "
        "them is read off it: the network made of it predicts what MoveNet does until it is "
        "trained.",
    )
    parser.add_argument(
        "checkpoint",
        metavar="AUTHORS",
        type=Path,
        help="a .pth file, a folder, a TensorFlow checkpoint or MoveNet's .onnx file; is only read",
    )
    parser.add_argument("out", metavar="OUT.safetensors", type=Path, help="where to write")
    parser.add_argument(
        "--channel-order",
        choices=("bgr", "rgb"),
        help="the order of colours it was trained with (default: bgr, as the released TTP code "
        "reads them; KeypointGAN's and MoveNet's is always rgb)",
    )
    parser.add_argument(
        "--variant",
        metavar="NAME",
        help="which network to make of MoveNet: baseline, rotation, keypoint or transformer "
        "(default: transformer)",
    )
    parser.add_argument(
        "--part",
        metavar="NAME=FILE",
        action="append",
        default=[],
        help="a file of KeypointGAN that is not in the folder, or not under its usual name: G_A, "
        f"G_B, regressor, D_A or {_OFFLINE}, the regressor before the main training",
    )
    parser.set_defaults(func=_run_import)


def _run_import(args: argparse.Namespace) -> int:
    """Convert, and print what was recognised."""
    is_movenet = args.checkpoint.suffix.lower() == ".onnx"
    if args.variant and not is_movenet:
        raise UserError(
            f"--variant is for MoveNet's .onnx file, and {args.checkpoint} is none. Leave it out: "
            "the variant of a checkpoint is read off it."
        )
    if args.checkpoint.is_dir():
        return _import_keypoint_gan(args)
    if args.part:
        raise UserError(
            f"--part is for KeypointGAN, and {args.checkpoint} is no folder. Give the folder of "
            "its checkpoints."
        )
    if _is_tensorflow(args.checkpoint):
        return _import_imm(args)
    if is_movenet:
        spec = _import_movenet(args)
    else:
        from model.ttp.weights import import_authors

        spec = import_authors(args.checkpoint, args.out, args.channel_order or "bgr")
    _report(spec, args.out)
    return 0


def _is_tensorflow(path: Path) -> bool:
    """Whether a path is a TensorFlow checkpoint's name, or its index."""
    return path.suffix == ".index" or path.with_name(f"{path.name}.index").is_file()


def _import_imm(args: argparse.Namespace) -> int:
    from model.imm.weights import import_released

    spec = import_released(args.checkpoint, args.out)
    print(f"points         {spec.points}")
    print(f"width          {spec.width}")
    print(f"written to     {args.out}")
    return 0


def _import_movenet(args: argparse.Namespace) -> NetworkSpec:
    from model.ttp.networks.pretrained import read_movenet
    from model.ttp.weights import import_network

    if args.channel_order == "bgr":
        raise UserError(
            f"--channel-order bgr does not fit {args.checkpoint}: MoveNet was trained on rgb. "
            "Leave the option out."
        )
    network = read_movenet(args.checkpoint, args.variant or "transformer")
    import_network(network, args.checkpoint, args.out, {"licence": _MOVENET_LICENCE})
    return network.spec


def _report(spec: NetworkSpec, out: Path) -> None:
    from model.ttp.networks import VARIANT_TITLES

    print(f"variant        {VARIANT_TITLES[spec.variant]} ({spec.variant})")
    print(f"backbone       {spec.backbone}")
    print(f"joints         {len(spec.joint_set)} ({spec.joints})")
    print(f"channel order  {spec.channel_order}")
    print(f"written to     {out}")


def _import_keypoint_gan(args: argparse.Namespace) -> int:
    from model.keypointgan.weights import PARTS, import_released, released_files

    given: dict[str, Path] = {}
    for text in args.part:
        name, equals, file = text.partition("=")
        if name not in (*PARTS, _OFFLINE) or not equals:
            raise UserError(
                f"--part {text} is not NAME=FILE with one of these names: "
                f"{', '.join((*PARTS, _OFFLINE))}."
            )
        given[name] = Path(file)
    files = {**released_files(args.checkpoint), **given}
    if not files:
        raise UserError(
            f"{args.checkpoint} holds no checkpoints of the released KeypointGAN code: files such "
            "as latest_net_G_A.pth are expected."
        )
    spec = import_released(files, args.out)
    print(f"networks       {', '.join(files)}")
    print(f"points         {len(spec.skeleton)} ({spec.skeleton_name})")
    print(f"written to     {args.out}")
    return 0


def _add_calibrate(subparsers: Subparsers) -> None:
    """Register the command and its options."""
    text = "let a network's trunk be computed in 8-bit whole numbers, where those are faster"
    parser = subparsers.add_parser(
        "calibrate",
        help=text,
        description=f"{sentence(text)} Measures what the values between its layers range over on "
        "training pictures, and writes that beside the network. The network stays as it is. The "
        "one in the box has been measured.",
    )
    parser.add_argument(
        "weights", metavar="NETWORK.safetensors", type=Path, help="the network; is only read"
    )
    add_mixture(parser)
    parser.add_argument(
        "--pictures", metavar="N", type=int, default=100, help="how many in all (default: 100)"
    )
    parser.add_argument(
        "--aside",
        metavar="SHARE",
        type=float,
        default=0.0,
        help="share of the people who are left out, as in training (0 to 1, default: 0)",
    )
    parser.set_defaults(func=_run_calibrate)


def _run_calibrate(args: argparse.Namespace) -> int:
    """Measure, write, and say where."""
    from model.data.catalogue import Request
    from model.ttp.onnx_int8 import save
    from model.ttp.training.calibration import calibrate

    check_number("pictures", args.pictures, args.pictures >= 1, "1 or more")
    check_number("aside", args.aside, 0 <= args.aside < 1, "from 0 to below 1")
    data = [Request.parse(text) for text in args.data]
    ranges = calibrate(args.weights, data, args.pictures, args.aside)
    path = save(args.weights, ranges)
    print(f"{len(ranges.values)} ranges of {ranges.pictures} are in {path}")
    return 0
