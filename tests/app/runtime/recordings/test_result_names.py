"""Each recording has a folder of results of its own, whatever it is called."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.runtime.recordings.job import _result_folders

# What a file of a system may be called, dots and separators of other systems among it.
_names = st.text(st.characters(blacklist_characters="/\0", blacklist_categories=["Cs"]), min_size=1)
_odd = st.sampled_from(["...mp4", "..mp4", ".mp4", "a..mp4", "....", "C:\\x.mp4", "a b.mp4"])


@pytest.mark.fault("A name has slashes, dots or control characters")
@given(names=st.lists(_odd | _names.filter(lambda name: name not in (".", "..")), min_size=2))
def test_folders_of_results_stay_inside_and_apart(names: list[str]) -> None:
    out = Path("/results")
    folders = _result_folders(out, [Path("/recordings") / name for name in names])
    assert all(folder.parent == out and folder.name not in ("", ".", "..") for folder in folders)
    assert len(set(folders)) == len(names)
