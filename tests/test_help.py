"""``--help`` of every command: whole sentences, and nothing that a template left behind."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator

import pytest

import main
from model.adaptation import PRESETS
from model.ttp.networks.encoder import BACKBONES

# A colon or a full stop that no sentence goes on from, a word said twice, a list that breaks off.
_TORN = re.compile(
    r": (and|or|but|of|with)\b"
    r"|\b(\w+) \2\b"
    r"|[,;:][.,;:]|\.\.|\s[,.;:](\s|$)"
    r"|\b(and|or|of|with|the|a|an|to|as|in|by|for)[.,;)]"
    r"|\(\)|\(default: *\)",
    re.IGNORECASE,
)
_LEFT_OVER = re.compile(r"%\(|%s|\{\w*\}|\bNone\b|\bTrue\b|\bFalse\b|<\w+ object|\bPosixPath\b")
_UNFINISHED = re.compile(r"([,;:]|\b(and|or|of|the|a|an|as))$")
_SENTENCE = re.compile(r"[A-Z\"].*[.]", re.DOTALL)
_LOWERED = re.compile(r"(?<![\w.-])(html|csv|json|onnx|coco|imm|keypointgan|gpus?)(?![\w.-])")


def _commands(
    parser: argparse.ArgumentParser, words: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], argparse.ArgumentParser]]:
    yield words, parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, child in action.choices.items():
                yield from _commands(child, (*words, name))


COMMANDS = dict(_commands(main.build_parser()))


def _texts(parser: argparse.ArgumentParser) -> Iterator[str]:
    """What the help is put together from, before it is broken into lines."""
    yield parser.description or ""
    actions = list(parser._actions)
    for group in parser._action_groups:
        yield group.description or ""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            actions += action._choices_actions
    for action in actions:
        yield (action.help or "") % {**vars(action), "prog": parser.prog}


def test_all_commands_are_looked_at() -> None:
    assert {("report",), ("train", "rotation"), ("evaluate", "gain"), ("export", "onnx")} <= set(
        COMMANDS
    )


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_help_is_whole(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main.main([*words, "--help"])
    assert ended.value.code == 0
    printed = capsys.readouterr().out
    assert " ".join(("usage: python main.py", *words)) in " ".join(printed.split())
    assert not _LEFT_OVER.search(printed)
    parser = COMMANDS[words]
    for text in _texts(parser):
        assert not _TORN.search(text), text
        assert not _UNFINISHED.search(text), text
        assert text.count("(") == text.count(")"), text
        assert "  " not in text and text == text.strip(), text


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_what_a_command_does_is_said_in_sentences(words: tuple[str, ...]) -> None:
    text = COMMANDS[words].description or ""
    assert _SENTENCE.fullmatch(text), text
    assert not _LOWERED.search(text), text


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_option_is_explained(words: tuple[str, ...]) -> None:
    for action in COMMANDS[words]._actions:
        if not isinstance(action, argparse._SubParsersAction):
            assert action.help, action.option_strings or action.dest


@pytest.mark.parametrize(
    "text",
    [
        "Train the rotation network: and the rotation of the picture as a second task.",
        "A number of of frames.",
        "What is kept (default: )",
        "Kept in the folder of.",
        "Kept in the folder..",
    ],
)
def test_a_broken_sentence_is_noticed(text: str) -> None:
    assert _TORN.search(text)


def test_training_names_every_backbone() -> None:
    helps = [a.help for a in COMMANDS["train", "transformer"]._actions if a.dest == "backbone"]
    assert all(name in str(helps) for name in BACKBONES)


def test_personalizing_names_every_preset() -> None:
    helps = [a.help for a in COMMANDS[("personalize",)]._actions if a.dest == "preset"]
    assert helps and all(each.name in str(helps) for each in PRESETS)
