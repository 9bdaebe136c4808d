"""docs/journal.md lists what there is, and its questions can be asked.

When the first test fails, run `TRAAVIIS_WRITE_DOCS=1 python -m pytest tests/journal/test_index_docs.py`
and look at what changed.
"""

import os
import re
from pathlib import Path

import pytest

from tests.journal.lumps import a_story, lump_of
from traaviis_lab.journal.index import DuckIndex
from traaviis_lab.journal.reference import renewed
from traaviis_lab.journal.schema import KINDS

PAGE = Path(__file__).parents[2] / "docs" / "journal.md"
QUESTIONS = re.findall(r"^```sql\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)


def test_the_page_is_current():
    page = PAGE.read_text("utf-8")
    if os.environ.get("TRAAVIIS_WRITE_DOCS"):
        PAGE.write_text(renewed(page), "utf-8")
        page = PAGE.read_text("utf-8")
    assert page == renewed(page), f"docs/journal.md is stale; see the top of {__file__}"


def test_a_page_without_a_place_for_it_is_an_error():
    with pytest.raises(ValueError, match="lacks"):
        renewed("# The journal\n")


def test_the_story_of_the_tests_has_only_known_kinds():
    assert {fact.kind for fact in a_story()} <= set(KINDS)


@pytest.fixture(scope="module")
def index():
    made = DuckIndex()
    made.feed(lump_of(a_story()))
    yield made
    made.close()


def test_there_are_questions():
    assert len(QUESTIONS) > 8


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda text: text.split("\n")[0][:40])
def test_its_questions_have_answers(index, question):
    assert len(index.query(question)) > 0
