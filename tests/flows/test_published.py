"""The published schema and the reference page are what the parser's words make of them.

When a test here fails, run `TRAAVIIS_WRITE_DOCS=1 python -m pytest tests/flows/test_published.py`
and look at what changed.
"""

import json
import os
from pathlib import Path

import pytest

from traaviis_lab import read_chart
from traaviis_lab.effects import VOCABULARY
from traaviis_lab.flows import find_problems, spec_page, spec_schema
from traaviis_lab.flows.reference import EXAMPLE, NESTED, OUTCOMES, PYTHON

DOCS = Path(__file__).parents[2] / "docs"


def published(name, text):
    path = DOCS / name
    if os.environ.get("TRAAVIIS_WRITE_DOCS"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
    assert path.read_text("utf-8") == text, f"docs/{name} is stale; see the top of {__file__}"


def test_the_schema_is_current():
    kinds = [k for k, word in VOCABULARY.items() if word.__module__.startswith("traaviis_lab.")]
    published("schema/traaviis-1.json", json.dumps(spec_schema(sorted(kinds)), indent=2) + "\n")


def test_the_page_is_current():
    published("spec.md", spec_page())


@pytest.mark.parametrize("example", [EXAMPLE, NESTED, OUTCOMES])
def test_its_examples_are_charts(example):
    assert find_problems(example) == []
    assert read_chart(example).hash


def test_its_class_is_its_first_example():
    space = {"__name__": "page"}
    exec(PYTHON, space)
    assert space["SmartDoor"].chart == read_chart(EXAMPLE)
