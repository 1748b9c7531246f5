"""All results in one page: a single HTML file that needs nothing beside it."""

from __future__ import annotations

import base64
import re
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, tostring

from model.core.errors import UserError
from model.core.files import whole_file
from model.experiments.catalogue import EXPERIMENTS, GAN_EXPERIMENTS, Experiment, GanExperiment
from model.experiments.result import RESULT_FILE, ExperimentResult, Picture, Table, read

TITLE = "Pose estimation without labels: what was measured"
_FEW_SKIPPED = 5  # more are folded away
_ONE_LINE = 30  # characters: such labels of rows are not broken where there is room
# 88.98, +1.59 (-0.6 to 3), 12 %, 1e-5, 128 x 128, but not 3D, 2nd or 4-fold.
_NUMBER = re.compile(r"[+\-−±<>≤≥~]?\s?\d+(?:[.,]\d+)*(?:e[+-]?\d+)?(?![\w-])")
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
_UNKNOWN = frozenset({"", "–", "-", "—"})

_Child = Element | str


def render(report: Report, day: date) -> str:
    """The page, made on ``day``."""
    page = _element("html", _head(), _body(report, day), lang="en")
    return "<!DOCTYPE html>\n" + tostring(page, encoding="unicode", method="html") + "\n"


def _element(tag: str, *children: _Child | None, **attributes: str) -> Element:
    """An HTML element; text is escaped when the page is written.

    Attributes in Python's spelling: ``class_``, ``aria_label``.
    """
    names = {name: name.rstrip("_").replace("_", "-") for name in attributes}
    element = Element(tag, {names[name]: value for name, value in attributes.items()})
    last: Element | None = None
    for child in children:
        if isinstance(child, Element):
            element.append(child)
            last = child
        elif child is not None and last is None:
            element.text = (element.text or "") + child
        elif child is not None and last is not None:
            last.tail = (last.tail or "") + child
    return element


def _head() -> Element:
    return _element(
        "head",
        _element("meta", charset="utf-8"),
        _element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        _element("meta", name="color-scheme", content="light dark"),
        # Whatever a result holds, the page runs no script and loads nothing.
        _element("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        _element("title", TITLE),
        _element("style", _CSS),
    )


def _missing(measured: set[str]) -> list[str]:
    """What is left of each paper of which something was measured."""
    papers: tuple[Mapping[str, Experiment | GanExperiment], ...] = (EXPERIMENTS, GAN_EXPERIMENTS)
    return [
        each.title.split(":")[0]
        for paper in papers
        if measured & paper.keys()
        for each in paper.values()
        if each.name not in measured
    ]


def _body(report: Report, day: date) -> Element:
    experiments = list(zip(_anchors(report.found), report.found, strict=True))
    when = _element("time", day.isoformat(), datetime=day.isoformat())
    measured = {found.result.name for found in report.found}
    missing = _missing(measured)
    return _element(
        "body",
        _element(
            "header",
            _element("h1", TITLE),
            _element("p", when, f" · {report.summary()}", class_="muted"),
            _element("p", f"Not measured here: {', '.join(missing)}.") if missing else None,
            _problems(report.problems) if report.problems else None,
        ),
        _element(
            "nav",
            _element("h2", "Contents"),
            _element(
                "ol",
                *(
                    _element("li", _element("a", found.result.title, href=f"#{anchor}"))
                    for anchor, found in experiments
                ),
            ),
        ),
        _element("main", *(_experiment(anchor, found) for anchor, found in experiments)),
    )


def _anchors(found: Iterable[Found]) -> list[str]:
    """A word for each result, which links to it can name; the second ``table1`` is table1-2."""
    anchors: list[str] = []
    for name in (each.result.name for each in found):
        anchor, number = name, 1
        while anchor in anchors:
            number += 1
            anchor = f"{name}-{number}"
        anchors.append(anchor)
    return anchors


def _problems(problems: Sequence[str]) -> Element:
    items = _element("ul", *(_element("li", problem) for problem in problems))
    return _element("div", _element("h2", "Damaged files"), items, class_="warning")


def _experiment(anchor: str, found: Found) -> Element:
    result = found.result
    return _element(
        "article",
        _element("h2", result.title),
        _element("p", f"{found.folder.name}/", class_="muted path"),
        *(_element("p", part.strip()) for part in result.text.split("\n\n") if part.strip()),
        *map(_table, result.tables),
        *(
            _picture(picture, found.pictures[picture.file])
            for picture in result.pictures
            if picture.file in found.pictures
        ),
        _skipped(result.skipped) if result.skipped else None,
        _configuration(result.configuration) if result.configuration else None,
        id=anchor,
    )


def _table(table: Table) -> Element:
    columns = list(zip(*table.rows, strict=True)) or [()] * len(table.header)
    kinds = [{"class": "number"} if _are_numbers(cells) else {} for cells in columns]
    kinds[0] = {}  # the first column names its row
    head = (
        _element("th", cell, scope="col", **kind)
        for cell, kind in zip(table.header, kinds, strict=True)
    )
    rows = (
        _element(
            "tr",
            _element("th", row[0], scope="row", **_label(row[0])),
            *(_element("td", cell, **kind) for cell, kind in zip(row[1:], kinds[1:], strict=True)),
        )
        for row in table.rows
    )
    grid = _element(
        "table", _element("thead", _element("tr", *head)), _element("tbody", *rows), class_="data"
    )
    name = table.title or "Table"
    return _element(
        "section",
        _element("h3", table.title) if table.title else None,
        # With a tab stop, so that a wide table can be moved without a mouse.
        _element("div", grid, class_="wide", tabindex="0", role="group", aria_label=name),
        _element("p", table.note, class_="muted note") if table.note else None,
    )


def _label(text: str) -> dict[str, str]:
    return {"class": "label"} if len(text) <= _ONE_LINE else {}


def _are_numbers(cells: Iterable[str]) -> bool:
    """Whether a column holds numbers, beside dashes and one word for what is not there."""
    known = [cell.strip() for cell in cells if cell.strip() not in _UNKNOWN]
    others = [cell for cell in known if not _NUMBER.match(cell)]
    return len(others) < len(known) and len(set(others)) <= 1


def _picture(picture: Picture, content: bytes) -> Element:
    width, height = struct.unpack(">II", content[16:24])
    source = f"data:image/png;base64,{base64.b64encode(content).decode('ascii')}"
    image = _element("img", src=source, alt=picture.caption, width=str(width), height=str(height))
    return _element("figure", image, _element("figcaption", picture.caption, class_="muted"))


def _skipped(sentences: Sequence[str]) -> Element:
    return _element(
        "details",
        _element("summary", f"Left out ({len(sentences)})"),
        _element("ul", *(_element("li", sentence) for sentence in sentences)),
        **({"open": ""} if len(sentences) <= _FEW_SKIPPED else {}),
    )


def _configuration(values: Mapping[str, Any]) -> Element:
    rows = (
        _element("tr", _element("th", name, scope="row"), _element("td", value))
        for name, value in _flat(values)
    )
    table = _element("table", _element("tbody", *rows), class_="values")
    return _element("details", _element("summary", "How it was made"), table)


def _flat(value: object, name: str = "") -> Iterator[tuple[str, str]]:
    """Nested values as rows, each named by its path."""
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from _flat(inner, f"{name} / {key}" if name else str(key))
    elif isinstance(value, list) and any(isinstance(inner, (list, Mapping)) for inner in value):
        for number, inner in enumerate(value, 1):
            yield from _flat(inner, f"{name} / {number}")
    elif isinstance(value, (list, Mapping)):
        yield name, ", ".join(map(_word, value)) or "–"
    else:
        yield name, _word(value)


def _word(value: object) -> str:
    words = {None: "–", True: "yes", False: "no"}
    return words[value] if value is None or isinstance(value, bool) else str(value)


_CSS = """
:root {
  --ground: #FFFFFF; --raised: #F5F6F8; --line: #D3D8E0; --strong: #8A93A1; --shade: #0003;
  --text: #1B1F27; --muted: #59616F; --link: #0B62A4; --warning: #FFF4D6; --on-warning: #4A3500;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --ground: #181B21; --raised: #1F2229; --line: #3A404B; --strong: #7C8594; --shade: #000A;
    --text: #E8EAEE; --muted: #A3ABB8; --link: #6FB6EA; --warning: #3D3217; --on-warning: #F6E3AE;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0 auto; padding: 2.5rem 1.25rem 4rem; max-width: 62rem;
  background: var(--ground); color: var(--text);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif;
}
h1, h2, h3 { line-height: 1.25; text-wrap: balance; overflow-wrap: anywhere; }
h1 { font-size: 1.9rem; margin: 0 0 .5rem; }
h2 { font-size: 1.35rem; margin: 0; }
h3 { font-size: 1rem; margin: 0 0 .5rem; }
p, li, figcaption { max-width: 46rem; overflow-wrap: anywhere; }
p { margin: .6rem 0; }
ul { margin: .4rem 0 0; padding-left: 1.2rem; }
a { color: var(--link); text-underline-offset: .15em; }
.muted { color: var(--muted); }
.path { margin: .2rem 0 1rem; font-size: .85rem; }
.path, .values td { font-family: ui-monospace, "SF Mono", Menlo, Consolas, monospace; }
nav, .warning { margin: 1.5rem 0 0; padding: 1rem 1.25rem; border-radius: .5rem; }
nav { background: var(--raised); }
nav h2, .warning h2 { font-size: 1rem; }
nav ol { list-style: none; margin: .4rem 0 0; padding: 0; }
nav li { padding: .2rem 0; }
.warning { background: var(--warning); color: var(--on-warning); }
article { margin-top: 3rem; padding-top: 2rem; border-top: 1px solid var(--line); }
section, figure { margin: 1.75rem 0; }
/* A shadow at the right edge while there is more of the table beyond it. */
.wide {
  overflow-x: auto;
  background:
    linear-gradient(to left, var(--ground) 40%, transparent) right / 2.5rem 100% no-repeat local,
    linear-gradient(to left, var(--shade), transparent) right / .75rem 100% no-repeat scroll;
}
.wide:focus-visible { outline: 2px solid var(--link); outline-offset: 3px; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums lining-nums; }
th, td { text-align: left; vertical-align: baseline; }
.data { min-width: 100%; font-size: .925rem; line-height: 1.4; }
.data th, .data td { padding: .45rem .9rem; }
.data tr > :first-child { padding-left: 0; }
.data tr > :last-child { padding-right: 0; }
.data thead th {
  border-bottom: 1.5px solid var(--strong); vertical-align: bottom;
  color: var(--muted); font-weight: 600;
}
.data tbody > tr > * { border-bottom: 1px solid var(--line); }
.data tbody th { font-weight: 500; min-width: 9rem; }
.data tbody .label { white-space: nowrap; }
.data .number { text-align: right; }
.data td.number { white-space: nowrap; }
.note, figcaption { margin-top: .6rem; font-size: .875rem; }
img {
  display: block; max-width: 100%; height: auto;
  border: 1px solid var(--line); border-radius: .375rem; background: #FFFFFF;
}
details { margin-top: 1rem; font-size: .925rem; }
summary { cursor: pointer; font-weight: 600; padding: .25rem 0; }
.values { margin-top: .4rem; width: 100%; font-size: .85rem; line-height: 1.45; }
.values th, .values td { padding: .2rem 0; overflow-wrap: anywhere; }
.values th { width: 38%; padding-right: 1rem; font-weight: 400; color: var(--muted); }
@media (max-width: 40rem) {
  body { padding: 1.5rem 1rem 3rem; }
  h1 { font-size: 1.5rem; }
  h2 { font-size: 1.2rem; }
  article { margin-top: 2.25rem; padding-top: 1.5rem; }
  .data th, .data td { padding: .4rem .6rem; }
  .data tr > :first-child { position: sticky; left: 0; background: var(--ground); }
  .data tbody th { min-width: 6.5rem; max-width: 40vw; }
  .data tbody .label { white-space: normal; }
}
@media print {
  body { padding: 0; max-width: none; font-size: 10pt; }
  nav, .warning { border: 1px solid var(--line); }
  h2, h3, summary { break-after: avoid; }
  figure, tr, nav { break-inside: avoid; }
  .wide { overflow: visible; background: none; }
  .data { font-size: 8.5pt; }
  .data th, .data td { padding: .25rem .4rem; }
  .data tbody .label, .data td.number { white-space: normal; }
  details::details-content { content-visibility: visible; block-size: auto; }
}
"""


_ORDER = (*EXPERIMENTS, *GAN_EXPERIMENTS)
_HOW_TO_MAKE_ONE = f"python main.py evaluate {_ORDER[0]} --help"
_PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class Found:
    """A result, the folder it is in, and its pictures that could be read (PNG files)."""

    folder: Path
    result: ExperimentResult
    pictures: Mapping[str, bytes]


@dataclass(frozen=True)
class Report:
    """The results below one folder, in the paper's order, and a sentence for each damaged file."""

    found: tuple[Found, ...]
    problems: tuple[str, ...]

    @classmethod
    def collect(cls, folder: Path) -> Report:
        """Read ``folder/*/result.json`` and the pictures they name.

        What is damaged is told in ``problems``. ``UserError`` if there is no whole result.
        """
        found, problems = [], []
        for path in sorted(folder.glob(f"*/{RESULT_FILE}")):
            try:
                result = read(path.parent)
            except UserError as error:
                problems.append(str(error))
                continue
            pictures, missing = _pictures(path.parent, result.pictures)
            found.append(Found(path.parent, result, pictures))
            problems += missing
        if not found:
            raise UserError(
                " ".join(problems)
                or f"There is no result of an experiment in {folder}: no folder in it has a "
                f"{RESULT_FILE}. Make one ({_HOW_TO_MAKE_ONE} tells how), with --out {folder}, or "
                "name another folder with --results."
            )
        return cls(tuple(sorted(found, key=_place)), tuple(problems))

    def summary(self) -> str:
        """How much was measured, in a sentence."""
        results = [found.result for found in self.found]
        counts = (
            (len(results), "experiment"),
            (sum(len(result.tables) for result in results), "table"),
            (sum(len(found.pictures) for found in self.found), "picture"),
        )
        return ", ".join(f"{number} {word}{'s' * (number != 1)}" for number, word in counts)

    def html(self, day: date) -> str:
        """The page, made on ``day``."""
        return render(self, day)

    def write(self, path: Path, day: date) -> None:
        """Write the page; ``UserError`` if it cannot be written."""
        with whole_file(path) as temporary:
            temporary.write_text(self.html(day), encoding="utf-8", errors="backslashreplace")


def _place(found: Found) -> tuple[int, str, str]:
    name = found.result.name
    return (_ORDER.index(name) if name in _ORDER else len(_ORDER), name, found.folder.name)


def _pictures(folder: Path, pictures: Sequence[Picture]) -> tuple[dict[str, bytes], list[str]]:
    """The contents of the pictures, and a sentence for each that is not there or no PNG."""
    whole, problems = {}, []
    for picture in pictures:
        path = folder / picture.file
        try:
            content = path.read_bytes()
        except OSError as error:
            problems.append(f"The picture {path} cannot be read ({error.strerror or error}).")
            continue
        if content.startswith(_PNG) and len(content) > 24:
            whole[picture.file] = content
        else:
            problems.append(f"The picture {path} is no PNG file.")
    return whole, problems
