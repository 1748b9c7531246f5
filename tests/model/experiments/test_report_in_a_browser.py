"""The page as a browser lays it out: nothing sticks out, and every picture is shown."""

from __future__ import annotations

import html
import json
import shutil
import subprocess
from datetime import date
from pathlib import Path

import cv2
import numpy as np
import pytest

from model.experiments.report import Report
from model.experiments.result import ExperimentResult, Picture, Table

pytestmark = pytest.mark.slow

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_WIDTHS = (1280, 420)
# The page is not touched: a page around it looks into it once it is laid out.
_AROUND = """<!DOCTYPE html><body>{frames}<pre></pre><script>
onload = () => {{
  document.querySelector("pre").textContent = JSON.stringify(
    [...document.querySelectorAll("iframe")].map(frame => {{
      const inner = frame.contentDocument, root = inner.documentElement;
      const out = [...inner.querySelectorAll("body *")].filter(each =>
        !each.closest(".wide, details:not([open])") &&
        each.getBoundingClientRect().right > root.clientWidth + 0.5);
      return {{
        width: root.clientWidth, scroll: root.scrollWidth, out: out.map(each => each.outerHTML),
        pictures: [...inner.images].map(each => [each.naturalWidth, each.clientWidth]),
        wide: [...inner.querySelectorAll(".wide")].map(each => each.scrollWidth > each.clientWidth),
      }};
    }}));
}};
</script>"""


@pytest.fixture
def browser() -> str:
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        pytest.skip(f"needs a browser: one of {', '.join(_NAMES)}")
    return found


@pytest.fixture
def page(tmp_path: Path) -> str:
    """A page with the worst of everything: long words, many columns, a wide picture."""
    header = ("network", *(f"activity number {n}" for n in range(12)))
    rows = [(f"a long name of a network, the {n}th", *["88.98 (+3.75)"] * 12) for n in range(4)]
    ExperimentResult(
        "table1",
        "Four networks, three ways of going through people",
        f"A text with a file in it: {'folder/' * 30}file.\n\nAnd a second paragraph.",
        (Table("Scores", header, tuple(rows), "A note. " * 20), Table("", ("one",), (("1",),))),
        (Picture("wide.png", "A wide picture. " * 10), Picture("small.png", "A small one.")),
        {"weights": {"sha256": "ab" * 32}, "command": "python main.py " + "--option=value " * 20},
        (f"{'clip' * 40}: damaged",),
    ).write(tmp_path / "table1")
    for name, size in (("wide.png", (300, 1600, 3)), ("small.png", (50, 60, 3))):
        assert cv2.imwrite(str(tmp_path / "table1" / name), np.full(size, 120, np.uint8))
    return Report.collect(tmp_path).html(date(2026, 3, 5))


def test_nothing_sticks_out_of_a_wide_and_of_a_narrow_window(
    browser: str, page: str, tmp_path: Path
) -> None:
    frame = '<iframe style="width:{}px;height:900px;border:0" srcdoc="{}"></iframe>'
    frames = "".join(frame.format(width, html.escape(page)) for width in _WIDTHS)
    around = tmp_path / "around.html"
    around.write_text(_AROUND.format(frames=frames), encoding="utf-8")
    dumped = subprocess.run(
        [
            browser, "--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=5000",
            f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", around.as_uri(),
        ],
        capture_output=True, text=True, check=True, timeout=120,
    ).stdout  # fmt: skip
    seen = json.loads(html.unescape(dumped.split("<pre>")[1].split("</pre>")[0]))

    assert [each["width"] for each in seen] == [pytest.approx(width, abs=20) for width in _WIDTHS]
    for each in seen:
        assert each["scroll"] <= each["width"] and each["out"] == []
        assert [natural for natural, _ in each["pictures"]] == [1600, 60]
        assert all(0 < shown <= each["width"] for _, shown in each["pictures"])
        # The wide table is moved within its own frame.
        assert each["wide"] == [True, False]
