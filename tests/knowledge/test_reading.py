"""What documents say: headings, front matter, cells of notebooks, and what is no document."""

import json

import pytest

from traaviis_lab.knowledge.passage import Document, Skipped
from traaviis_lab.knowledge.reading import read

GUIDE = """\
Before all.

# Guide

Push.

## Doors ##
```python
# no heading
```
Text.
### Locks
#nor this

Keys
----
A table:

| a | b |
|---|---|

# End
"""


def parts(source, text):
    document = read(source, text.encode())
    assert isinstance(document, Document)
    return [tuple(part) for part in document.parts]


def test_markdown_is_told_by_its_headings():
    assert parts("guide.md", GUIDE) == [
        ("", "Before all.", "line 1"),
        ("Guide", "Push.", "line 4"),
        ("Guide > Doors", "```python\n# no heading\n```\nText.", "line 8"),
        ("Guide > Doors > Locks", "#nor this", "line 13"),
        ("Guide > Keys", "A table:\n\n| a | b |\n|---|---|", "line 17"),
    ]


def test_a_row_underlined_alone_is_a_heading():
    text = "Doors\n=====\n\nPush.\n\nLocks\n-----\n\nTurn.\n"
    assert parts("a.md", text) == [
        ("Doors", "Push.", "line 3"),
        ("Doors > Locks", "Turn.", "line 8"),
    ]


def test_lists_rules_and_tables_are_no_headings():
    text = "- one\n- two\n---\na | b\n--- | ---\n1 | 2\n"
    assert [heading for heading, *_ in parts("a.md", text)] == [""]


def test_front_matter_becomes_fields():
    text = "---\nlanguage: de\ntags: [door, lock]\nweight: 2\nsecret: {a: 1}\n---\n# Tür\nAuf.\n"
    document = read("tür.md", text.encode())
    assert document.fields == {"language": "de", "tags": ["door", "lock"], "weight": 2}
    assert [tuple(part) for part in document.parts] == [("Tür", "Auf.", "line 8")]


@pytest.mark.parametrize(
    "front",
    ["--- \n: : :\n---\n", "---\n- a\n---\n", "---\na: &x [*x]\n---\n", "---\nnever: closed\n"],
)
def test_front_matter_that_is_none_is_text(front):
    document = read("a.md", (front + "Text.\n").encode())
    assert document.fields == {}
    assert "Text." in document.parts[-1].text


def test_front_matter_of_numbers_that_json_has_not_is_left_out():
    document = read("a.md", f"---\na: {10**40}\nb: .inf\nc: .nan\nd: 1.5\n---\nText.".encode())
    assert document.fields == {"d": 1.5}


def book(*cells):
    return json.dumps({"nbformat": 4, "cells": list(cells)})


def test_a_notebook_is_its_cells_without_what_they_put_out():
    text = book(
        {"cell_type": "markdown", "source": ["# Doors\n", "Push."]},
        {"cell_type": "code", "source": "door.open()", "outputs": [{"text": "SECRET"}]},
        {"cell_type": "code", "source": ""},
        {"cell_type": "markdown", "source": "no heading"},
        {"cell_type": "raw", "source": "raw \ud800 half"},
        "no cell", {"cell_type": "code"}, {"cell_type": "code", "source": [1, None, "x"]},
    )  # fmt: skip
    found = parts("a.ipynb", text)
    assert found[:3] == [
        ("Doors", "Push.", "cell 1"),
        ("Doors", "door.open()", "cell 2"),
        ("Doors", "no heading", "cell 4"),
    ]
    assert found[3] == ("Doors", "raw ? half", "cell 5")
    assert found[4] == ("Doors", "x", "cell 8")
    assert "SECRET" not in str(found)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "no cells"),
        ('{"cells": {}}', "no cells"),
        ('{"worksheets": []}', "no cells"),
    ],
)
def test_a_notebook_that_is_none_is_left_out_and_said(text, why):
    found = read("a.ipynb", text.encode())
    assert isinstance(found, Skipped)
    assert found.source == "a.ipynb"
    assert why in found.why


@pytest.mark.parametrize(
    ("data", "why"),
    [(b"a\0b", "binary"), (b"\x89PNG\r\n\0\0", "binary"), (b"caf\xe9", "neither UTF-8")],
)
def test_bytes_that_are_no_text_are_left_out_and_said(data, why):
    found = read("a.txt", data)
    assert isinstance(found, Skipped)
    assert why in found.why


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_text_is_read_in_any_of_the_usual_ways(encoding):
    document = read("a.txt", "Tür 門 🚪\r\nzu\rauf".encode(encoding))
    assert document.parts[0].text == "Tür 門 🚪\nzu\nauf"


def test_an_empty_document_is_one_without_parts():
    assert read("a.md", b"").parts == ()
    assert read("a.md", b"# Title alone\n").parts == ()
