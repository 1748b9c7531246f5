"""Every writer of a file goes through ``whole_file``, or is listed here with its reason."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[1]
_WRITES = {"write_text", "write_bytes", "savez", "savefig", "VideoWriter"}

# Where files are written in another way, and why that loses nothing.
_OTHERWISE = {
    # Into the hidden folder of ``result_folder``, whose files are moved when all are complete;
    # rows of a take are written as they come, on purpose.
    "app/runtime/recordings/writers.py": {"KeypointsCsv.__init__", "CocoJson.__init__"},
    "app/runtime/recordings/job.py": {"run_job"},
    "app/gui/overlay_video.py": {"_open"},
    # Matroska, which plays to its last second whenever it ends; the other one is given the
    # temporary path of ``whole_file``, as is the one of masks.
    "app/runtime/recordings/take.py": {"TakeRecorder.prepare", "PoseTable._write_sleap"},
    "model/data/masks.py": {"_find"},
    # A log of rows that are added one by one.
    "model/engine/metrics.py": {"MetricLogger._append"},
    "app/runtime/profiles.py": {"check_writable"},  # nothing: a trial
    # Known to its writer alone, and gone with it; where it cannot be written, memory is used.
    "app/runtime/live/learner.py": {"_Former.__init__"},
}


class _Writers(ast.NodeVisitor):
    """Names of the functions that write outside of ``with whole_file(...)``."""

    def __init__(self) -> None:
        self.found: set[str] = set()
        self._names: list[str] = []
        self._whole = 0

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._named(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._named(node)

    def _named(self, node: ast.ClassDef | ast.FunctionDef) -> None:
        self._names.append(node.name)
        self.generic_visit(node)
        self._names.pop()

    def visit_With(self, node: ast.With) -> None:
        whole = any("whole_file(" in ast.unparse(item.context_expr) for item in node.items)
        self._whole += whole
        self.generic_visit(node)
        self._whole -= whole

    def visit_Call(self, node: ast.Call) -> None:
        if not self._whole and _writes(node):
            self.found.add(".".join(self._names) or "the module")
        self.generic_visit(node)


def _writes(call: ast.Call) -> bool:
    name = ast.unparse(call.func).rpartition(".")[2]
    text = [a.value for a in call.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
    text += [
        k.value.value
        for k in call.keywords
        if k.arg == "mode" and isinstance(k.value, ast.Constant) and isinstance(k.value.value, str)
    ]
    if name in ("open", "File", "TemporaryFile"):
        return name == "TemporaryFile" or any(mode.strip("bt+") in "wax" and mode for mode in text)
    return name in _WRITES or ast.unparse(call.func) in ("torch.save", "np.save")


def _sources() -> Iterator[Path]:
    yield from sorted([*_ROOT.glob("app/**/*.py"), *_ROOT.glob("model/**/*.py")])


def _found(path: Path) -> set[str]:
    writers = _Writers()
    writers.visit(ast.parse(path.read_text(encoding="utf-8")))
    return writers.found


def test_every_file_is_written_whole_or_not_at_all() -> None:
    found = {path.relative_to(_ROOT).as_posix(): _found(path) for path in _sources()}
    assert {name: names for name, names in found.items() if names} == _OTHERWISE


def test_a_writer_is_seen_and_one_that_writes_whole_files_is_let_pass(tmp_path: Path) -> None:
    path = tmp_path / "module.py"
    path.write_text(
        "class A:\n"
        "    def one(self, path):\n        path.write_text('x')\n"
        "def two(path):\n    with open(path, 'wb') as file:\n        file.write(b'')\n"
        "def three(path):\n    with whole_file(path) as part, part.open('w') as file:\n"
        "        file.write('')\n"
        "def four(path):\n    return open(path, 'rb'), path.open(encoding='utf-8')\n",
        encoding="utf-8",
    )
    assert _found(path) == {"A.one", "two"}
