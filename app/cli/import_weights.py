"""``python main.py import-weights``: others' networks as weight files of this program.

These are checkpoints of the released TTP, KeypointGAN and IMM code, and MoveNet's ONNX files.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from app.cli import Subparsers, sentence

if TYPE_CHECKING:
    from model.ttp.networks import NetworkSpec

_OFFLINE = "offline_regressor"
_MOVENET_LICENCE = "Apache-2.0 (MoveNet, by Google)"


def add_parser(subparsers: Subparsers) -> None:
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
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Convert, and print what was recognised."""
    from model.core.errors import UserError

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
    from model.core.errors import UserError
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
    from model.core.errors import UserError
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
