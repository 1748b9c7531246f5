"""The option that says where masks are kept, for all commands that need some."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from model.data.masks import Masks


def add_mask_folder(parser: argparse._ActionsContainer) -> None:
    """Add the folder; ``masks_of`` reads it."""
    parser.add_argument(
        "--mask-folder",
        metavar="DIR",
        type=Path,
        help="where masks are kept, which are found once for each frame (default: this user's "
        "cache folder)",
    )


def masks_of(args: argparse.Namespace) -> Masks:
    """What gives data sets their masks, by the mask in the box."""
    from app.assets import PERSON_MASK
    from app.settings import cache_folder
    from model.data.masks import Masks

    folder = args.mask_folder or cache_folder() / "masks"
    threads = max(1, getattr(args, "workers", 0) or 0)
    return Masks(PERSON_MASK, folder, threads=threads, quiet=args.json)
