"""What the command line says when it is given something wrong."""

from __future__ import annotations

import pytest


def sentence(capsys: pytest.CaptureFixture[str]) -> str:
    """The one sentence on standard error; nothing else was said."""
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith("error: ") and output.err.count("\n") == 1
    return output.err
