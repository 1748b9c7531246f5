"""Every test here makes engines of some hundred megabytes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conftest import give_memory_back


@pytest.fixture(autouse=True)
def memory_of_a_test() -> Iterator[None]:
    yield
    give_memory_back()
