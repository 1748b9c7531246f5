"""``python main.py import-weights``: checkpoints of the released TTP and KeypointGAN code."""

from __future__ import annotations

import argparse
from pathlib import Path

from app.commands import Subparsers, sentence

_OFFLINE = "offline_regressor"


def add_parser(subparsers: Subparsers) -> None:
    """Register the command and its options."""
    text = "convert a checkpoint of the authors' released code to a weight file of this program"
    parser = subparsers.add_parser(
        "import-weights",
        help=text,
        description=f"{sentence(text)} A file is one of TTP, whose variant, backbone and joints "
        "are read off it. A folder is one of KeypointGAN, with files such as latest_net_G_A.pth "
        "and 580000_net_regressor.pth.",
    )
    parser.add_argument(
        "checkpoint", metavar="AUTHORS", type=Path, help="a .pth file or a folder; is only read"
    )
    parser.add_argument("out", metavar="OUT.safetensors", type=Path, help="where to write")
    parser.add_argument(
        "--channel-order",
        choices=("bgr", "rgb"),
        default="bgr",
        help="the order of colours it was trained with (default: bgr, as the released TTP code "
        "reads them; KeypointGAN's is always rgb)",
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
    if args.checkpoint.is_dir():
        return _import_keypoint_gan(args)
    from model.errors import UserError
    from model.networks import VARIANT_TITLES
    from model.weights import import_authors

    if args.part:
        raise UserError(
            f"--part is for KeypointGAN, and {args.checkpoint} is no folder. Give the folder of "
            "its checkpoints."
        )
    spec = import_authors(args.checkpoint, args.out, args.channel_order)
    print(f"variant        {VARIANT_TITLES[spec.variant]} ({spec.variant})")
    print(f"backbone       {spec.backbone}")
    print(f"joints         {len(spec.joint_set)} ({spec.joints})")
    print(f"channel order  {spec.channel_order}")
    print(f"written to     {args.out}")
    return 0


def _import_keypoint_gan(args: argparse.Namespace) -> int:
    from model.errors import UserError
    from model.keypoint_gan.weights import PARTS, import_released, released_files

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
