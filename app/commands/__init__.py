"""The sub-commands. A module here has ``add_parser(subparsers)``, which sets ``func``.

The modules are imported to build the command line, so they import PyTorch, OpenCV and Qt only
inside ``run``.
"""

from __future__ import annotations

import argparse
from typing import TypeAlias

COMMANDS = ("personalize", "train", "evaluate", "export", "import-weights", "benchmark", "doctor")
"""The sub-commands, in the order in which help lists them; in a module's name, - is _."""

Subparsers: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
