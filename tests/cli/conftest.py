"""Call the command in this process, as a shell would: arguments in, code and two texts out."""

import io
import logging
import os
import sys
from typing import NamedTuple

import pytest

from traaviis_lab.cli import main


class Said(NamedTuple):
    """What a command said and how it ended."""

    code: int
    out: str
    err: str


@pytest.fixture
def command(capsys, monkeypatch, tmp_path):
    """`command("validate", "door.yaml", stdin="...")` in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "120")

    def call(*arguments, stdin=""):
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return Said(end.value.code or 0, said.out, said.err)

    return call


@pytest.fixture(autouse=True)
def _as_it_was():
    """The command settles where logging goes and where imports come from; other tests must not see it."""
    logger = logging.getLogger("traaviis_lab.run")
    before = logger.propagate, logger.level, list(logger.handlers)
    path, folder = list(sys.path), os.getcwd()
    yield
    logger.propagate, logger.level, logger.handlers[:] = before
    sys.path[:] = path
    os.chdir(folder)


DOOR = """
spec: traaviis/1
name: Door
data: {opened: 0}
initial: closed
states:
  closed:
    transitions: [{on: open_command, to: open, assign: {opened: "data.opened + 1"}}]
  open:
    after: [{delay: 30s, to: closed}]
    transitions: [{on: close_command, to: closed, when: "event.gently"}]
"""


@pytest.fixture
def door(tmp_path):
    """A small machine in a file."""
    path = tmp_path / "door.yaml"
    path.write_text(DOOR)
    return path
