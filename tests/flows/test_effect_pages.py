"""Every effect has a page, made from its words; the example on it is the effect and runs.

When a page is stale, run `TRAAVIIS_WRITE_DOCS=1 python -m pytest tests/flows/test_effect_pages.py`
and look at what changed.
"""

import contextlib
import io
import os
from pathlib import Path

import pytest

from traaviis_lab import effects as fx
from traaviis_lab.effects import VOCABULARY
from traaviis_lab.flows.documents import parse_text
from traaviis_lab.flows.effect_pages import effect_page, effect_pages, renewed_index
from traaviis_lab.flows.examples import GROUPS

DOCS = Path(__file__).parents[2] / "docs"
EXAMPLES = [(kind, one) for group in GROUPS.values() for kind, one in group.items()]
OURS = {
    kind
    for kind, word in VOCABULARY.items()
    if word.__module__.startswith("traaviis_lab.effects.") and not word.internal
}


def current(path, text):
    if os.environ.get("TRAAVIIS_WRITE_DOCS"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
    assert path.read_text("utf-8") == text, f"{path.name} is stale; see the top of {__file__}"


def test_every_effect_has_an_example():
    assert {kind for kind, _ in EXAMPLES} == OURS
    assert len(EXAMPLES) == len(OURS)


@pytest.mark.parametrize("kind", [kind for kind, _ in EXAMPLES])
def test_its_page_is_current(kind):
    current(DOCS / "effects" / f"{kind}.md", effect_page(kind))


def test_there_is_no_page_too_many():
    assert {path.stem for path in (DOCS / "effects").glob("*.md")} == set(effect_pages())


def test_the_index_is_current():
    page = (DOCS / "effects.md").read_text("utf-8")
    current(DOCS / "effects.md", renewed_index(page))
    with pytest.raises(ValueError, match="lacks"):
        renewed_index("# Effects\n")


@pytest.mark.parametrize(("kind", "example"), EXAMPLES, ids=lambda one: one if one in OURS else "")
def test_an_example_says_in_both_languages_the_same_and_does_what_it_says(kind, example):
    there, out = {"__name__": "page"}, io.StringIO()
    try:
        with contextlib.redirect_stdout(out):
            exec(example.program, there)
    finally:
        if "lab" in there:
            there["lab"].close()
    assert out.getvalue() == f"{example.prints}\n"
    document, problems, _ = parse_text(example.document, "")
    assert problems == []
    assert fx.read_effect(document) == there["effect"]
    assert kind in kinds_in(document)


def kinds_in(document):
    """Every kind that a document says, at any depth."""
    if isinstance(document, list):
        return {kind for one in document for kind in kinds_in(one)}
    if not isinstance(document, dict):
        return set()
    return {document.get("kind")} | {k for one in document.values() for k in kinds_in(one)}
