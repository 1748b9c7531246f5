"""``python main.py report``: all results in one page that can be sent to somebody."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from app.cli import Subparsers, sentence


def add_parser(subparsers: Subparsers) -> None:
    """Register the command and its options."""
    text = "put the results of all experiments into one HTML page"
    parser = subparsers.add_parser(
        "report",
        help=text,
        description=f"{sentence(text)} The page has tables, pictures and how they were made, and "
        "needs no other file. A damaged result is named and left out.",
    )
    parser.add_argument(
        "--results",
        metavar="DIR",
        type=Path,
        default=Path("results"),
        help="the folder with a folder for each experiment (default: results)",
    )
    parser.add_argument(
        "--out",
        metavar="FILE",
        type=Path,
        help="where to write (default: report.html in the folder of the results)",
    )
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Write the page; 1 when a damaged file is missing from it, else 0."""
    from datetime import date

    from model.experiments.report import Report

    report = Report.collect(args.results)
    out = args.results / "report.html" if args.out is None else args.out
    report.write(out, date.today())
    for problem in report.problems:
        print(f"damaged: {problem}", file=sys.stderr)
    print(f"{out}: {report.summary()}")
    return 1 if report.problems else 0
