"""``python main.py doctor``: can the application run here, and if not, what is missing?"""

from __future__ import annotations

import argparse
import json

from app.cli import Subparsers, sentence
from app.diagnosis import Finding, Json, as_text, diagnose, problems_of


def add_parser(subparsers: Subparsers) -> None:
    """Register the command and its options."""
    text = "say what this machine has of what the application needs, and how to get the rest"
    parser = subparsers.add_parser("doctor", help=text, description=sentence(text))
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of text")
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Print the report; 0 when the application can run here, 1 when something it needs is missing.

    The JSON object has a key for each probe (see ``app.diagnosis``), ``problems`` and ``notes``
    (lists of sentences) and ``ok``.
    """
    findings = diagnose()
    print(json.dumps(_as_json(findings), indent=2) if args.json else as_text(findings))
    return 1 if problems_of(findings) else 0


def _as_json(findings: list[Finding]) -> dict[str, Json]:
    problems = problems_of(findings)
    notes = [note for finding in findings for note in finding.notes]
    values = {finding.key: finding.value for finding in findings}
    return {"ok": not problems, **values, "problems": [*problems], "notes": [*notes]}
