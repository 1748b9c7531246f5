"""Whether a change of the code changed what it computes, bit for bit.

``python -m tests.parity OUT.json`` records, on small inputs and through the command line alone,
ten training steps of each network, the gain of two people and a recording's table; then
``python -m tests.parity OUT.json --against FORMER.json`` tells what differs from a former record.
Records are compared on one machine with one number of threads: others round sums otherwise.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import io
import json
import tempfile
from pathlib import Path
from typing import Any
from unittest import mock

import cv2
import torch
from safetensors.torch import load_file

from app.assets import demo
from app.cli.options import Interruption
from main import main
from model.engine.metrics import read_log
from tests.shards import write_shard

_TTP = ("--backbone", "movenet-lightning", "--batch-size", "2", "--coarse-steps", "5",
        "--warm-up-steps", "2", "--precision", "float32", "--steps", "10", "--workers", "0",
        "--aside", "0.3")  # fmt: skip
_SMALL = ("--set", "size=32", "--set", "width=4", "--set", "batch_size=4", "--steps", "10",
          "--set", "look_every=5")  # fmt: skip
_RESIDENT = ("--resident", "--minutes", "1e9", "--preset", "movenet-joint", "--backbone",
             "resnet-mini", "--batch-size", "4", "--pairs", "2", "--meta-every", "4", "--precision",
             "float32")  # fmt: skip
_GAN = ("--set", "discriminator_width=4", "--set", "scales=1", "--set", "regressor_steps=10")
_PAPER = ("--preset", "paper", "--learning-rate", "1e-3")
_TRAININGS = {
    **dict.fromkeys(("baseline", "rotation", "keypoint"), _TTP),
    "transformer": (*_TTP, "--average", "0.9", "--pairs", "1"),
    "keypointgan": (*_SMALL, *_GAN, "--set", "average=0.9", "--ablation", "bottleneck"),
    "imm": (*_SMALL, "--points", "3", "--set", "pairs=video"),
    "hourglass": (*_SMALL, "--set", "size=64", "--set", "width=8", "--set", "stacks=2"),
}


def record(folder: Path) -> dict[str, Any]:
    """Numbers by name, and digests of tensors and files."""
    shard = write_shard(folder / "people.npz", people=6)
    found: dict[str, Any] = {}
    for network, options in _TRAININGS.items():
        out = folder / network
        _run("train", network, "--data", f"shards={shard}", "--out", out, *options)
        found |= {f"{network}: {name}": value for name, value in _trained(out).items()}
    with mock.patch.object(Interruption, "asked", side_effect=[*[False] * 10, True]):
        out = folder / "resident"
        _run("train", "transformer", "--data", f"shards={shard}", "--out", out, *_RESIDENT)
    found |= _logged("resident: ", out)
    found |= _digests("resident: ", load_file(out / "last.safetensors"))
    found["gain"] = _run("evaluate", "gain", "--data", f"shards={shard}", "--people", "2",
                         "--frames", "3", "--batch-size", "2", "--workers", "1",
                         *_PAPER)  # fmt: skip
    _run("personalize", _clip(folder / "clip.avi"), "--mode", "online", "--no-overlay", "--out",
         folder / "clip", "--batch-size", "2", *_PAPER)  # fmt: skip
    rows = (folder / "clip" / "keypoints.csv").read_text("utf-8").splitlines()
    return found | {f"recording, row {number}": row for number, row in enumerate(rows)}


def _trained(out: Path) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for path in sorted(out.rglob("checkpoint.pt")):
        where = "" if path.parent == out else f"{path.parent.name} "
        values |= _logged(where, path.parent)
        values |= _digests(where.strip(), torch.load(path, weights_only=True)["state"])
    return values


def _logged(where: str, folder: Path) -> dict[str, float]:
    rows = read_log(folder / "log.csv")
    return {f"{where}{r.name} of step {r.step}": r.value for r in rows if "seconds" not in r.name}


def _digests(name: str, state: Any) -> dict[str, str]:
    if isinstance(state, torch.Tensor):
        return {name: hashlib.sha256(state.contiguous().numpy().tobytes()).hexdigest()[:16]}
    items = state.items() if isinstance(state, dict) else enumerate(state)
    nested = [_digests(f"{name}/{key}", value) for key, value in items if _holds(value)]
    return {key: digest for digests in nested for key, digest in digests.items()}


def _holds(value: object) -> bool:
    return isinstance(value, torch.Tensor | dict | list)


def _clip(path: Path, frames: int = 5) -> Path:
    source = cv2.VideoCapture(str(demo("webcam").video))
    pictures = [source.read()[1] for _ in range(frames)]
    height, width = pictures[0].shape[:2]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25, (width, height))
    for picture in pictures:
        writer.write(picture)
    writer.release()
    return path


def _run(*arguments: str | Path) -> Any:
    with contextlib.redirect_stdout(io.StringIO()) as output:
        code = main([*map(str, arguments), "--device", "cpu", "--json"])
    assert code == 0, arguments
    return json.loads(output.getvalue())


def differences(former: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """A line for each name whose value is another, or that only one of them has."""
    names = [*former, *(name for name in found if name not in former)]
    return [
        f"{name}: {former.get(name, 'not there')} -> {found.get(name, 'not there')}"
        for name in names
        if former.get(name) != found.get(name) or (name in former) != (name in found)
    ]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--against", type=Path, help="a former record")
    given = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as temporary:
        recorded = record(Path(temporary))
    given.out.write_text(json.dumps(recorded, indent=1), encoding="utf-8")
    if given.against is not None:
        lines = differences(json.loads(given.against.read_text("utf-8")), recorded)
        print("\n".join([*lines, f"{len(lines)} of {len(recorded)} values differ."]))
