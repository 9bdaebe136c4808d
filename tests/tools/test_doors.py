"""What is bounded by itself: schemas in time, what comes in by count, and the missing extra."""

import asyncio
import subprocess
import sys
import time
from pathlib import Path

import pytest

from traaviis_lab.errors import ToolFailed
from traaviis_lab.runtime.asking.schema_door import LONGEST_LOOK, checker
from traaviis_lab.runtime.asking.toolbox import names_by_wire, wire_name
from traaviis_lab.tools.answer import read_answer
from traaviis_lab.tools.gate import MOST_BYTES, MOST_MESSAGES, MOST_WRONG, WINDOW, Gate

from .test_definition import doubled


def test_a_schema_that_doubles_for_ever_is_looked_at_for_a_while_only():
    check = asyncio.run(checker(doubled(40)))
    began = time.monotonic()
    (problem,) = check({})
    assert "not through" in problem
    assert time.monotonic() - began < 8 * LONGEST_LOOK
    assert asyncio.run(checker({"type": "integer"}))(3) == []


class Told:
    def __init__(self):
        self.now, self.lost = 0.0, 0
        self.gate = Gate(self._count, lambda: self.now)

    def _count(self):
        self.lost += 1


def test_a_gate_lets_answers_through_and_hears_of_progress_only():
    gate = Told().gate
    assert gate.lets(None)
    assert gate.lets("notifications/progress")
    assert gate.lets("sampling/createMessage")  # which the SDK refuses
    assert not gate.lets("notifications/message")
    assert not gate.changed
    assert not gate.lets("notifications/tools/list_changed")
    assert gate.changed


def test_a_gate_closes_on_floods_and_not_on_many_messages_over_time():
    told = Told()
    for _ in range(3):
        assert all(told.gate.lets(None) for _ in range(MOST_MESSAGES))
        assert told.gate.count(MOST_BYTES)
        told.now += WINDOW + 1
    assert all(told.gate.lets(None) for _ in range(MOST_MESSAGES))
    assert not told.gate.lets(None)
    assert (told.lost, "messages" in told.gate.lost) == (1, True)
    assert not told.gate.lets(None)
    for breaks in (lambda g: g.count(MOST_BYTES + 1), lambda g: [g.wrong()] * MOST_WRONG):
        other = Told()
        breaks(other.gate)
        for _ in range(MOST_WRONG):
            other.gate.wrong()
        assert other.lost == 1


@pytest.mark.parametrize(
    ("result", "output", "value"),
    [
        ({"content": [{"type": "text", "text": "a"}]}, {}, "a"),
        ({"content": []}, {}, None),
        ({"content": [], "structuredContent": {"result": 4}}, {}, {"result": 4}),
        (
            {"content": [], "structuredContent": {"result": 4}},
            {"properties": {"result": {}}, "required": ["result"]},
            4,
        ),
        (
            {
                "content": [
                    {"type": "resource", "resource": {"uri": "a:b", "text": "x"}},
                    {"type": "resource_link", "uri": "c:d", "name": "n"},
                    {"type": "news", "x": 1},
                ]
            },
            {},
            [
                {"type": "resource", "uri": "a:b", "mime": None, "text": "x"},
                {"type": "link", "uri": "c:d", "name": "n"},
                {"type": "unknown", "json": '{"type": "news", "x": 1}'},
            ],
        ),
    ],
)
def test_answers_as_plain_json(result, output, value):
    assert read_answer("t", result, output, 1000).value == value


def test_answers_that_cannot_be_used():
    long = {"content": [{"type": "text", "text": "\u202eno" + "x" * 9999}], "isError": True}
    with pytest.raises(ToolFailed, match="^t failed. Its server says: nox") as caught:
        read_answer("t", long, {}, 10)
    assert len(str(caught.value)) < 1600
    blob = {"content": [{"type": "image", "data": "x" * 99, "mimeType": "image/png"}]}
    with pytest.raises(ToolFailed, match="answered with 1.. bytes; 99 are taken"):
        read_answer("t", blob, {}, 99)
    with pytest.raises(ToolFailed, match="cannot be kept"):
        read_answer("t", {"structuredContent": {"x": 2**70}}, {}, 99)


def test_names_that_models_may_be_told():
    assert wire_name("files.read_file") == "files__read_file"
    long = wire_name("files." + "x" * 100)
    assert len(long) == 64
    assert long != wire_name("files." + "x" * 101)
    assert names_by_wire(["plain", "a.b", {"name": "c.d"}]) == {"a__b": "a.b"}


def test_without_the_extra_it_says_what_to_install():
    code = (
        "import sys; sys.modules['mcp'] = None\n"
        "from traaviis_lab import Lab\n"
        "from traaviis_lab.errors import NotInstalled\n"
        "lab = Lab()\n"
        "try: lab.tools.add_mcp('true', name='x')\n"
        "except NotInstalled as error: print(error.hint, lab.tools.servers())\n"
        "lab.close()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True,
        cwd=Path(__file__).parents[2], check=False,
    )  # fmt: skip
    assert done.stdout == "pip install 'traaviis-lab[mcp]' {}\n", done.stderr
