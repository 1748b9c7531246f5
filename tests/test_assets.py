"""The list of checksums covers every asset, and every asset is as listed."""

from __future__ import annotations

from app.diagnosis import CHECKSUMS, ROOT, _damaged_files

ASSETS = ROOT / "assets"
REFRESH = (
    "cd assets && find . -type f ! -name SHA256SUMS -printf '%P\\n' | LC_ALL=C sort "
    "| xargs -d '\\n' sha256sum > SHA256SUMS"
)


def test_checksums_are_complete_and_right() -> None:
    lines = (ASSETS / CHECKSUMS).read_text(encoding="utf-8").splitlines()
    listed = {line.split(maxsplit=1)[1] for line in lines}
    files = {path.relative_to(ASSETS).as_posix() for path in ASSETS.rglob("*") if path.is_file()}
    assert listed == files - {CHECKSUMS}, f"to list them anew: {REFRESH}"
    assert list(_damaged_files(ASSETS)) == [], f"to list them anew: {REFRESH}"
