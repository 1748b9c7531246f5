"""The page holds every result, needs no other file, and takes nothing it shows for HTML."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field, replace
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.core.errors import UserError
from model.experiments.report import Found, Report
from model.experiments.result import ExperimentResult, Picture, Table

DAY = date(2026, 3, 5)
VOID = ("meta", "img")
TRICKY = "<script>alert('x')</script> & \"quotes\" <b>"


@dataclass
class Node:
    tag: str
    attributes: dict[str, str | None]
    children: list[Node | str] = field(default_factory=list)

    def all(self, tag: str, **attributes: str) -> list[Node]:
        """The elements called ``tag`` below this one, in the page's order."""
        nodes = []
        for child in self.children:
            if isinstance(child, Node):
                wanted = attributes.items() <= child.attributes.items()
                nodes += [child] if child.tag == tag and wanted else []
                nodes += child.all(tag, **attributes)
        return nodes

    def text(self) -> str:
        return "".join(c if isinstance(c, str) else c.text() for c in self.children)


class _Builder(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open = [Node("", {})]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        node = Node(tag, dict(attrs))
        self.open[-1].children.append(node)
        if tag not in VOID:
            self.open.append(node)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop().tag == tag, "elements must be closed in order"

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)


def parsed(page: str) -> Node:
    builder = _Builder()
    builder.feed(page)
    builder.close()
    assert len(builder.open) == 1
    return builder.open[0]


def result(name: str, **fields: object) -> ExperimentResult:
    return replace(ExperimentResult(name, f"Title of {name}", "Text.", ()), **fields)  # type: ignore[arg-type]


def page_of(*results: ExperimentResult) -> Node:
    found = tuple(Found(Path(each.name), each, {}) for each in results)
    return parsed(Report(found, ()).html(DAY))


def cells(page: Node, row: int) -> list[Node]:
    line = page.all("tbody")[0].all("tr")[row]
    return [child for child in line.children if isinstance(child, Node)]


def test_results_stand_in_the_papers_order_then_by_name(tmp_path: Path) -> None:
    for name in ("zebra", "figure3", "table6", "ablation", "figure5", "table1"):
        result(name).write(tmp_path / name)
    report = Report.collect(tmp_path)
    order = ["table1", "table6", "figure3", "figure5", "ablation", "zebra"]
    page = parsed(report.html(DAY))
    assert [article.attributes["id"] for article in page.all("article")] == order
    links = page.all("nav")[0].all("a")
    assert [link.attributes["href"] for link in links] == [f"#{name}" for name in order]
    assert [link.text() for link in links] == [f"Title of {name}" for name in order]


def test_the_head_of_the_page_says_when_how_much_and_what_is_missing() -> None:
    table = Table("", ("a",), (("1",),))
    page = page_of(result("table1", tables=(table, table)), result("figure4"))
    header = page.all("header")[0].text()
    assert "2026-03-05" in header
    assert "2 experiments, 2 tables, 0 pictures" in header
    assert "Table 2" in header
    assert "Table 1" not in header and "Figure 4" not in header


def test_the_same_experiment_in_two_folders_has_two_anchors(tmp_path: Path) -> None:
    result("table1", title="First").write(tmp_path / "bbc")
    result("table1", title="Second").write(tmp_path / "penn")
    page = parsed(Report.collect(tmp_path).html(DAY))
    assert [a.attributes["id"] for a in page.all("article")] == ["table1", "table1-2"]
    assert [a.all("p")[0].text() for a in page.all("article")] == ["bbc/", "penn/"]


@settings(max_examples=30)
@given(st.text(st.characters(codec="utf-8", exclude_characters="\r\0"), max_size=30))
def test_whatever_a_result_says_is_shown_as_text(text: str) -> None:
    table = Table(text, (text, text), ((text, text),), text)
    page = page_of(
        result("a", title=text, tables=(table,), skipped=(text,), configuration={text: [text]})
    )
    (article,) = page.all("article")
    assert article.all("h2")[0].text() == text
    assert [cell.text() for cell in article.all("tbody")[0].all("td")] == [text]
    assert article.all("li")[0].text() == text
    known = {"article", "h2", "h3", "p", "section", "div", "table", "thead", "tbody", "tr", "th"}
    tags = {node.tag for node in _every(article)} | {"article"}
    assert tags <= known | {"td", "details", "summary", "ul", "li"}


def _every(node: Node) -> list[Node]:
    below = [child for child in node.children if isinstance(child, Node)]
    return below + [inner for child in below for inner in _every(child)]


def test_the_page_runs_and_loads_nothing(tmp_path: Path) -> None:
    picture = Picture("a.png", TRICKY)
    result("table1", title=TRICKY, pictures=(picture,)).write(tmp_path / "table1")
    cv2.imwrite(str(tmp_path / "table1" / "a.png"), np.zeros((20, 30, 3), np.uint8))
    text = Report.collect(tmp_path).html(DAY)
    page = parsed(text)
    assert not page.all("script") and not page.all("link")
    policy = page.all("meta", **{"http-equiv": "Content-Security-Policy"})[0]
    assert str(policy.attributes["content"]).startswith("default-src 'none'")
    addresses = [
        str(value)
        for node in _every(page)
        for name, value in node.attributes.items()
        if name in ("src", "href", "srcset", "action", "style") or name.startswith("on")
    ]
    assert len(addresses) == 2  # the picture, and its experiment in the contents
    assert all(urlsplit(address).scheme in ("data", "") for address in addresses)
    style = page.all("style")[0].text()
    assert "url(" not in style and "@import" not in style
    assert "prefers-color-scheme: dark" in style and "@media print" in style


def test_pictures_are_in_the_page_with_their_captions(tmp_path: Path) -> None:
    result("figure3", pictures=(Picture("a.png", "Gain."),)).write(tmp_path / "figure3")
    path = tmp_path / "figure3" / "a.png"
    cv2.imwrite(str(path), np.zeros((20, 30, 3), np.uint8))
    (figure,) = parsed(Report.collect(tmp_path).html(DAY)).all("figure")
    image = figure.all("img")[0].attributes
    head, _, content = str(image["src"]).partition(",")
    assert head == "data:image/png;base64"
    assert base64.b64decode(content) == path.read_bytes()
    assert (image["width"], image["height"], image["alt"]) == ("30", "20", "Gain.")
    assert figure.all("figcaption")[0].text() == "Gain."


@pytest.mark.parametrize(
    ("column", "is_number"),
    [
        (["88.98", "5"], True),
        (["+1.59", "-0.5", "−3"], True),
        (["88.98 (+3.75)", "–"], True),
        (["-0.61 to +0.30"], True),
        (["12 %", "< 1 %"], True),
        (["1e-05", "1,024"], True),
        (["not given", "63.1", "not given"], True),
        (["none", "online"], False),
        (["63.1", "online", "offline"], False),
        (["3D", "4-fold"], False),
        (["–", ""], False),
    ],
)
def test_columns_of_numbers_are_told_from_text(column: list[str], is_number: bool) -> None:
    table = Table("", ("name", "x"), tuple(("1", cell) for cell in column))
    page = page_of(result("a", tables=(table,)))
    assert len(page.all("td", **{"class": "number"})) == (len(column) if is_number else 0)
    assert len(page.all("th", **{"class": "number"})) == is_number


def test_a_table_shows_title_cells_and_note() -> None:
    table = Table("Scores", ("network", "PCK"), (("baseline", "85.23"), ("ours", "–")), "In %.")
    page = page_of(result("a", tables=(table, Table("", ("empty",), ()))))
    section = page.all("section")[0]
    assert section.all("h3")[0].text() == "Scores"
    assert [cell.text() for cell in section.all("thead")[0].all("th")] == ["network", "PCK"]
    assert [cell.text() for cell in cells(page, 0)] == ["baseline", "85.23"]
    assert cells(page, 0)[0].attributes["scope"] == "row"
    assert section.all("p")[0].text() == "In %."


def test_configuration_is_folded_and_complete() -> None:
    configuration = {
        "command": "python main.py",
        "weights": {"baseline": {"sha256": "ab" * 32}},
        "seeds": [0, 1],
        "runs": [{"mode": "online"}, {"mode": "offline"}],
        "reset": False,
        "development": None,
        "nothing": {},
    }
    (details,) = page_of(result("a", configuration=configuration)).all("details")
    assert "open" not in details.attributes
    assert {row.all("th")[0].text(): row.all("td")[0].text() for row in details.all("tr")} == {
        "command": "python main.py",
        "weights / baseline / sha256": "ab" * 32,
        "seeds": "0, 1",
        "runs / 1 / mode": "online",
        "runs / 2 / mode": "offline",
        "reset": "no",
        "development": "–",
        "nothing": "–",
    }


@pytest.mark.parametrize(("count", "is_open"), [(1, True), (30, False)])
def test_what_was_skipped_is_listed_and_folded_when_it_is_long(count: int, is_open: bool) -> None:
    skipped = tuple(f"clip {number}: damaged" for number in range(count))
    (details,) = page_of(result("a", skipped=skipped)).all("details")
    assert ("open" in details.attributes) is is_open
    assert [item.text() for item in details.all("li")] == list(skipped)
    assert details.all("summary")[0].text() == f"Left out ({count})"


def test_damaged_files_are_named_and_do_not_stop_the_others(tmp_path: Path) -> None:
    result("table2").write(tmp_path / "table2")
    (tmp_path / "table1").mkdir()
    (tmp_path / "table1" / "result.json").write_text("{")
    pictures = (Picture("lost.png", ""), Picture("text.png", ""))
    result("figure3", pictures=pictures).write(tmp_path / "figure3")
    (tmp_path / "figure3" / "text.png").write_text("no picture")
    (tmp_path / "notes.txt").write_text("not a folder")
    report = Report.collect(tmp_path)
    assert [found.result.name for found in report.found] == ["table2", "figure3"]
    for name in ("table1/result.json", "figure3/lost.png", "figure3/text.png"):
        assert sum(str(Path(name)) in problem for problem in report.problems) == 1
    page = parsed(report.html(DAY))
    items = page.all("div", **{"class": "warning"})[0].all("li")
    assert [item.text() for item in items] == list(report.problems)
    assert not page.all("img")


def test_no_result_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no result of an experiment in .*python main\.py"):
        Report.collect(tmp_path / "nowhere")


def test_only_damaged_results_are_named(tmp_path: Path) -> None:
    (tmp_path / "table1").mkdir()
    (tmp_path / "table1" / "result.json").write_text("[]")
    with pytest.raises(UserError, match="table1"):
        Report.collect(tmp_path)
