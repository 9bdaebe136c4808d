"""The reference page is made from the catalogue, and says of each tool what it is.

When it is stale, run `TRAAVIIS_WRITE_DOCS=1 python -m pytest tests/mcp/test_tool_pages.py` and look
at what changed.
"""

import os
import re
from pathlib import Path

import pytest

from traaviis_lab.mcp.catalogue import catalogue
from traaviis_lab.mcp.prompts import PROMPTS
from traaviis_lab.mcp.reference import kind_of, meaning, tools_page
from traaviis_lab.mcp.resources.reading import TEMPLATES

PAGE = Path(__file__).parents[2] / "docs" / "mcp_tools.md"


def test_the_page_is_current():
    text = tools_page()
    if os.environ.get("TRAAVIIS_WRITE_DOCS"):
        PAGE.write_text(text, "utf-8")
    assert PAGE.read_text("utf-8") == text, f"{PAGE.name} is stale; see the top of {__file__}"


def test_it_has_a_section_for_every_tool_and_prompt_and_a_row_for_every_address():
    text = tools_page()
    sections = re.findall(r"^### `(\w+)`$", text, re.MULTILINE)
    assert sections == [*catalogue(), *PROMPTS]
    assert all(f"| `{one.template}` |" in text for one in TEMPLATES)


@pytest.mark.parametrize("tool", catalogue().values(), ids=lambda tool: tool.name)
def test_every_tool_and_argument_says_what_it_is(tool):
    assert tool.description.endswith((".", ")")), tool.description
    assert "\n" not in tool.description
    for name, schema in tool.schema().get("properties", {}).items():
        assert meaning(name, schema), f"{tool.name}({name})"


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"type": "integer", "minimum": 1, "maximum": 500}, "whole number, 1 to 500"),
        ({"type": "number", "exclusiveMinimum": 0}, "number from 0"),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "text"),
        ({"type": "array", "items": {"enum": ["a", "b"]}}, "list of `a`, `b`"),
        ({"$ref": "#/$defs/One"}, "object"),
        ({}, "anything"),
    ],
)
def test_types_are_told_in_words(schema, said):
    assert kind_of(schema, {"One": {"type": "object"}}) == said
