"""``python main.py doctor``: can the application run here, and if not, what is missing?"""

from __future__ import annotations

import argparse
import json

from app.cli import Subparsers, sentence
from app.diagnosis import Finding, Json, diagnose

_TITLES = {
    "versions": "Versions",
    "device": "Device",
    "cpu": "CPU",
    "screen": "Screen",
    "missing_libraries": "Missing libraries",
    "cameras": "Cameras",
    "assets": "Assets",
    "licence": "Licence",
}
_INDENT = 2 + max(map(len, _TITLES.values()))


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
    print(json.dumps(_as_json(findings), indent=2) if args.json else _as_text(findings))
    return 1 if _problems(findings) else 0


def _problems(findings: list[Finding]) -> list[str]:
    """Every problem once, in order: one broken package can be the reason for several."""
    return list(dict.fromkeys(problem for finding in findings for problem in finding.problems))


def _as_json(findings: list[Finding]) -> dict[str, Json]:
    problems = _problems(findings)
    notes = [note for finding in findings for note in finding.notes]
    values = {finding.key: finding.value for finding in findings}
    return {"ok": not problems, **values, "problems": [*problems], "notes": [*notes]}


def _as_text(findings: list[Finding]) -> str:
    lines = []
    for finding in findings:
        text = finding.text.replace("\n", "\n" + " " * _INDENT)
        lines.append(f"{_TITLES[finding.key]:<{_INDENT}}{text}")
    lines.append("")
    lines += [f"Note: {note}" for finding in findings for note in finding.notes]
    problems = _problems(findings)
    lines += [f"Problem: {problem}" for problem in problems]
    lines.append(_verdict(findings))
    return "\n".join(lines)


def _verdict(findings: list[Finding]) -> str:
    if _problems(findings):
        return "The application cannot run here yet."
    missing = [name for finding in findings for name in finding.missing]
    if missing:
        return f"The application can run here without what is missing: {', '.join(missing)}."
    return "Nothing is missing."
