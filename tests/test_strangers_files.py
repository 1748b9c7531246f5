"""Files of strangers: nothing in them is run, and what is altered is refused or harmless."""

from __future__ import annotations

import ast
import os
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import model
from app.assets import KnownJoints
from app.runtime.profiles import ProfileFolder
from app.settings import load_settings
from model.adaptation import Learnt
from model.adaptation.profile import ProfileBase, load_profile, read_info, save_profile
from model.core.errors import UserError
from model.core.files import read_json
from model.core.perceptual import VGGFeatures
from model.core.weights import fill, read_tensors, read_weights, write_weights
from model.data.files import read_mat, read_pickle
from model.data.human36m import _pose
from model.data.masks import _kept
from model.data.shards import read_shards
from model.engine.checkpoint import CHECKPOINT, read_checkpoint, write_checkpoint
from model.evaluation.rival import Rival
from model.experiments import result
from model.imm.loss import load_features
from model.keypointgan import weights as keypointgan_weights
from model.tracking import PersonDetector, PersonMasker
from model.ttp.networks.pretrained import read_movenet
from tests.networks import small_network

_ROOT = Path(__file__).resolve().parents[1]


class _Harmful:
    """Makes a folder when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self._mark = mark

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return os.mkdir, (str(self._mark),)


def _as_pickle(path: Path, harmful: _Harmful) -> None:
    path.write_bytes(pickle.dumps({"state_dict": {"a": harmful}}))


def _as_checkpoint(path: Path, harmful: _Harmful) -> None:
    torch.save({"state_dict": {"a": harmful}, "state": harmful}, path)


def _as_array(path: Path, harmful: _Harmful) -> None:
    with path.open("wb") as file:
        np.save(file, np.array([harmful], object), allow_pickle=True)


def _as_arrays(path: Path, harmful: _Harmful) -> None:
    names = ("joints", "head", "visible", "jpeg", "offset", "clip", "person", "frame")
    with path.open("wb") as file:
        np.savez(file, **dict.fromkeys(names, np.array([harmful], object)))  # type: ignore[arg-type]


def _checkpoint_of_a_training(path: Path) -> object:
    (path.parent / CHECKPOINT).write_bytes(path.read_bytes())
    return read_checkpoint(path.parent, {})


def _profiles(path: Path) -> object:
    return ProfileFolder(path.parent).take_in(path, _BASE)


_BASE = ProfileBase("small", "1f" * 32, {"a": (3,)})
_LOADERS: dict[str, Callable[[Path], object]] = {
    "a network": model.load,
    "a KeypointGAN": keypointgan_weights.load,
    "a checkpoint of others (.pth)": read_tensors,
    "weights": read_weights,
    "a checkpoint of a training": _checkpoint_of_a_training,
    "a profile": lambda path: load_profile(path, _BASE),
    "a profile's head": read_info,
    "a profile to import": _profiles,
    "known joints": KnownJoints.load,
    "packed clips": lambda path: read_shards([path], "people"),
    "a pickle of a data set": lambda path: read_pickle(path, "Ask its owner."),
    "a MATLAB file": lambda path: read_mat(path, ["a"], "Ask its owner."),
    "a CDF file": _pose,
    "the perceptual network": lambda path: VGGFeatures().load(path),
    "IMM's perceptual network": load_features,
    "a MoveNet": read_movenet,
    "a rival": lambda path: Rival(path, 1),
    "a detector": PersonDetector,
    "a mask": PersonMasker,
    "a result": lambda path: result.read(path.parent),
}


@pytest.mark.fault(
    "A file of a stranger holds code",
    "No reader of this program runs it; the file is refused in a sentence.",
)
@pytest.mark.parametrize("content", [_as_pickle, _as_checkpoint, _as_array, _as_arrays])
@pytest.mark.parametrize("loader", _LOADERS)
def test_code_in_a_file_is_never_run(
    loader: str, content: Callable[[Path, _Harmful], None], tmp_path: Path
) -> None:
    path, mark = tmp_path / result.RESULT_FILE, tmp_path / "mark"
    content(path, _Harmful(mark))
    with pytest.raises(UserError):
        _LOADERS[loader](path)
    assert not mark.exists()


@pytest.mark.parametrize("content", [_as_pickle, _as_checkpoint, _as_array, _as_arrays])
def test_what_is_harmful_here_would_be_run_by_a_careless_reader(
    content: Callable[[Path, _Harmful], None], tmp_path: Path
) -> None:
    path, mark = tmp_path / "file", tmp_path / "mark"
    content(path, _Harmful(mark))
    if content is _as_pickle:
        pickle.loads(path.read_bytes())
    elif content is _as_checkpoint:
        torch.load(path, weights_only=False)
    else:
        loaded = np.load(path, allow_pickle=True)
        assert content is _as_array or loaded["joints"] is not None
    assert mark.is_dir()


@pytest.mark.fault("A file of a stranger holds code")
@pytest.mark.parametrize("content", [_as_pickle, _as_checkpoint, _as_array, _as_arrays])
def test_what_can_be_made_again_is_not_read_from_such_a_file(
    content: Callable[[Path, _Harmful], None], tmp_path: Path
) -> None:
    path, mark = tmp_path / "file", tmp_path / "mark"
    content(path, _Harmful(mark))
    assert _kept(path, 1) is None
    assert load_settings(path)[1] is not None
    assert not mark.exists()


def _calls(tree: ast.AST) -> Iterator[tuple[str, dict[str, str]]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            options = {k.arg: ast.unparse(k.value) for k in node.keywords if k.arg}
            yield ast.unparse(node.func), options


def test_no_reader_trusts_a_pickle() -> None:
    """Where each reader that could run code is used, and how it is kept from it."""
    readers: set[str] = set()
    for path in sorted([*_ROOT.glob("app/**/*.py"), *_ROOT.glob("model/**/*.py")]):
        name = path.relative_to(_ROOT).as_posix()
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for function, options in _calls(tree):
            last = function.rpartition(".")[2]
            if function == "torch.load":
                assert name == "model/core/weights.py" and options["weights_only"] == "True"
            assert options.get("allow_pickle", "False") == "False", name
            assert options.get("shell", "False") == "False", name
            assert function not in ("eval", "exec"), name
            if last in ("Unpickler", "_Unpickler", "loads") and "json" not in function:
                readers.add(f"{name}: {function}")
        for node in ast.walk(tree):
            if isinstance(node, ast.Import | ast.ImportFrom):
                module = node.module if isinstance(node, ast.ImportFrom) else node.names[0].name
                assert module not in ("dill", "joblib", "marshal", "shelve", "yaml"), name
    # Both go through lists of what may be made.
    assert readers == {"app/project.py: tomllib.loads", "model/data/files.py: _Unpickler"}


# What may be altered: the length of the head, the head, the numbers, the end.
_CHANGES = ("cut", "flip", "zero", "high", "twice", "insert")


def _altered(whole: bytes, part: str, share: float, change: str) -> bytes:
    head = 8 + int.from_bytes(whole[:8], "little")
    first, last = {
        "length": (0, 7),
        "head": (8, head - 1),
        "numbers": (head, len(whole) - 1),
        "end": (len(whole) - 4, len(whole) - 1),
    }[part]
    at = first + round(share * (last - first))
    byte = {
        "cut": b"", "flip": bytes([whole[at] ^ 16]), "zero": b"\0", "high": b"\xff",
        "twice": whole[at : at + 1] * 2, "insert": b"}" + whole[at : at + 1],
    }[change]  # fmt: skip
    return whole[:at] + byte + (b"" if change == "cut" else whole[at + 1 :])


_ANYWHERE = given(
    part=st.sampled_from(["length", "head", "numbers", "end"]),
    share=st.floats(0, 1),
    change=st.sampled_from(_CHANGES),
)
_IN_ONE_FOLDER = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150
)


_Loaded = TypeVar("_Loaded")


def _attempt(load: Callable[[], _Loaded]) -> tuple[_Loaded | None, str]:
    """What is loaded, or the sentence in which it was refused; other errors are the test's."""
    try:
        return load(), ""
    except UserError as error:
        return None, str(error)


@pytest.mark.fault(
    "A profile is altered at any byte", "It is refused in a sentence, or it says what it said."
)
@_ANYWHERE
@_IN_ONE_FOLDER
def test_an_altered_profile_is_refused_or_the_same(
    tmp_path: Path, part: str, share: float, change: str
) -> None:
    path = tmp_path / "anne.safetensors"
    learnt = Learnt({"a": torch.tensor([0.5, -1.0, 2.0])}, 7)
    save_profile(path, "Anne", learnt, _BASE, "steady")
    path.write_bytes(_altered(path.read_bytes(), part, share, change))
    loaded, refusal = _attempt(lambda: load_profile(path, _BASE))
    if loaded is None:
        assert str(path) in refusal or "learnt with another network" in refusal
        assert "\n" not in refusal
    else:
        assert loaded[1].updates >= 1 and torch.equal(loaded[1].changes["a"], learnt.changes["a"])
    (listed,) = ProfileFolder(tmp_path).all()
    assert listed.path == path


@pytest.mark.fault(
    "A weight file is altered at any byte",
    "It is refused in a sentence, or its numbers are finite and fit the network.",
)
@_ANYWHERE
@_IN_ONE_FOLDER
def test_altered_weights_are_refused_or_fit(
    tmp_path: Path, part: str, share: float, change: str
) -> None:
    path, layer = tmp_path / "layer.safetensors", torch.nn.Linear(4, 3)
    write_weights(path, layer.state_dict(), {"format": "a test"})
    path.write_bytes(_altered(path.read_bytes(), part, share, change))
    target = torch.nn.Linear(4, 3)
    _, refusal = _attempt(lambda: fill(target, read_weights(path), path, "the layer"))
    assert not refusal or str(path) in refusal
    assert all(value.isfinite().all() for value in target.state_dict().values())


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("run")
    network = {"a": torch.arange(30.0)}
    write_checkpoint(folder, 7, {"data": "d"}, {"network": network})
    return (folder / CHECKPOINT).read_bytes()


@pytest.mark.fault(
    "A checkpoint is altered at any byte", "It is refused in a sentence; nothing of it is run."
)
@given(share=st.floats(0, 1), change=st.sampled_from(_CHANGES))
@_IN_ONE_FOLDER
def test_an_altered_checkpoint_is_refused_or_read(
    checkpoint: bytes, tmp_path: Path, share: float, change: str
) -> None:
    at = round(share * (len(checkpoint) - 1))
    byte = {
        "cut": b"", "flip": bytes([checkpoint[at] ^ 16]), "zero": b"\0", "high": b"\xff",
        "twice": checkpoint[at : at + 1] * 2, "insert": b"}" + checkpoint[at : at + 1],
    }[change]  # fmt: skip
    rest = b"" if change == "cut" else checkpoint[at + 1 :]
    (tmp_path / CHECKPOINT).write_bytes(checkpoint[:at] + byte + rest)
    state, refusal = _attempt(lambda: read_checkpoint(tmp_path, {"data": "d"}))
    assert isinstance(state, tuple) or str(tmp_path) in refusal


def test_weights_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    network = small_network()
    path = tmp_path / "small.safetensors"
    model.save(path, network)
    tensors = read_weights(path)
    name = next(iter(tensors))
    tensors[name].view(-1)[0] = torch.inf
    with pytest.raises(UserError, match=f"{name} holds numbers that are not finite"):
        fill(network, tensors, path, "the network")


def test_json_is_bounded_in_size_and_depth(tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    path.write_text("[1, 2]", encoding="utf-8")
    assert read_json(path) == [1, 2]
    with pytest.raises(ValueError, match="6 bytes, and at most 5"):
        read_json(path, 5)
    path.write_text("[" * 100_000, encoding="utf-8")
    with pytest.raises(ValueError, match="too deep"):
        read_json(path)
