"""The sub-commands. A module in ``COMMANDS`` has ``add_parser(subparsers)``, which sets ``func``.

The modules are imported to build the command line, so they import PyTorch, OpenCV and Qt only
inside what they run.
"""

from __future__ import annotations

import argparse
from typing import TypeAlias

COMMANDS = {
    "personalize": "personalize",
    "train": "train",
    "evaluate": "evaluate",
    "reproduce": "reproduce",
    "report": "reproduce",
    "export": "networks",
    "import-weights": "networks",
    "calibrate": "networks",
    "benchmark": "benchmark",
    "doctor": "doctor",
}
"""The sub-commands, in the order in which help lists them, and the module of each."""

Subparsers: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"

DATA_NAMES = (
    "penn, human36m, human36m-32, bbc, penn-as-released, bbc-as-released, bbc-extra, jhmdb, lsp, "
    "lsp-extended, coco, shards, simplified-human36m, simplified-human36m-unmasked, mpi-inf-3dhp, "
    "300w, multipie, voxceleb2, celeba, aflw, cats, penn-poses"
)
"""The names of ``model.data.catalogue.SOURCES``, for help that must not import the readers."""


def sentence(text: str) -> str:
    """A command's line in the list of commands as the sentence that begins its own help."""
    return f"{text[0].upper()}{text[1:]}."


def add_mixture(
    parser: argparse._ActionsContainer, *, required: bool = True, otherwise: str = ""
) -> None:
    """Add ``--data`` for a mixture of data sets; ``otherwise`` says what is used without."""
    parser.add_argument(
        "--data",
        metavar="NAME=ROOT[@W]",
        action="append",
        required=required,
        default=None if required else [],
        help="a data set, its folder and its share in the mixture; may be given several times. "
        f"{otherwise}Names: {DATA_NAMES}",
    )
