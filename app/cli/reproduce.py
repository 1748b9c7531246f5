"""``python main.py reproduce EXPERIMENT``: the tables and figures of the papers."""

from __future__ import annotations

from app.cli import Subparsers, sentence
from app.cli.experiments import add_experiments
from app.cli.gan_experiments import add_gan_experiments


def add_parser(subparsers: Subparsers) -> None:
    """Add ``reproduce`` and its experiments."""
    text = "a table or figure of the papers, with ours beside theirs"
    parser = subparsers.add_parser("reproduce", help=text, description=sentence(text))
    experiments = parser.add_subparsers(
        title="experiments", metavar="EXPERIMENT", dest="experiment", required=True
    )
    add_experiments(experiments)
    add_gan_experiments(experiments)
