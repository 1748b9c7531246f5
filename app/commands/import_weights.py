"""``python main.py import-weights``: checkpoints of the released TTP code, for use here."""

from __future__ import annotations

import argparse
from pathlib import Path

from app.commands import Subparsers


def add_parser(subparsers: Subparsers) -> None:
    """Register the command and its options."""
    text = "convert a checkpoint of the authors' released code"
    parser = subparsers.add_parser(
        "import-weights",
        help=text,
        description=f"{text.capitalize()} to a weight file of this program. Variant, backbone "
        "and joints are read off the checkpoint.",
    )
    parser.add_argument("checkpoint", metavar="AUTHORS.pth", type=Path, help="is only read")
    parser.add_argument("out", metavar="OUT.safetensors", type=Path, help="where to write")
    parser.add_argument(
        "--channel-order",
        choices=("bgr", "rgb"),
        default="bgr",
        help="of the pictures it was trained on (default: bgr, as the released code reads them)",
    )
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Convert, and print what was recognised."""
    from model.networks import VARIANT_TITLES
    from model.weights import import_authors

    spec = import_authors(args.checkpoint, args.out, args.channel_order)
    print(f"variant        {VARIANT_TITLES[spec.variant]} ({spec.variant})")
    print(f"backbone       {spec.backbone}")
    print(f"joints         {len(spec.joint_set)} ({spec.joints})")
    print(f"channel order  {spec.channel_order}")
    print(f"written to     {args.out}")
    return 0
