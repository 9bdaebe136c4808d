"""Effects that ask models and agents. What they say is fixed here; who performs them is not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from traaviis_lab.machine.effect import REPEATS, Effect, Repeat, word
from traaviis_lab.machine.matching import is_reserved
from traaviis_lab.machine.names import is_event

from .judging import followed_by_event
from .leaf_checks import (
    check_choice,
    check_count,
    check_duration,
    check_list,
    check_mapping,
    check_number,
    check_one_of,
    check_repeat,
    check_text,
    wrong,
)
from .machines import REPEAT_MEANING
from .talking import check_messages, check_schema, check_texts

MODES = ("sequential", "parallel", "debate", "vote", "supervisor")
MOST_TOKENS = 10_000_000
_INTO = "The field of the run's data the result goes to."


def _into() -> Any:
    return field(default="", metadata=word("text", _INTO))


def _repeat() -> Any:
    return field(default="", metadata=word("choice", REPEAT_MEANING, choices=REPEATS))


@dataclass(frozen=True, slots=True)
class CallLlm(Effect):
    """Ask a language model; the result is its answer, or the object that `schema` describes.

    With `tools` it is `{text, tool_calls}`: a tool is asked for, not called.
    """

    model: str = field(default="", metadata=word("text", "The model; absent: the lab's usual one."))
    prompt: str = field(default="", metadata=word("text", "What to ask; or `messages`."))
    system: str = field(default="", metadata=word("text", "What the model is told first."))
    messages: Any = field(
        default=None, metadata=word("value", "A talk so far: a list of `{role, content}`.")
    )
    tools: Any = field(
        default=None, metadata=word("value", "The tools it may call: names, or descriptions.")
    )
    schema: Mapping[str, Any] = field(
        default_factory=dict, metadata=word("object", "The JSON Schema its answer must fit.")
    )
    repairs: int = field(
        default=1,
        metadata=word("number", "How often it is told what does not fit and asked again, 0 to 5."),
    )
    max_tokens: int = field(
        default=0, metadata=word("number", "How many tokens to answer with; 0: as usual.")
    )
    temperature: float | None = field(
        default=None, metadata=word("number", "How freely it answers, 0 to 2; absent: as usual.")
    )
    stop: tuple[str, ...] = field(
        default=(), metadata=word("names", "Texts that end the answer, up to 8.")
    )
    seed: int | None = field(
        default=None, metadata=word("number", "For models that can be made to repeat themselves.")
    )
    stream: bool | None = field(
        default=None,
        metadata=word("flag", "Whether it is shown as it is written; absent: as is usual."),
    )
    timeout: float | str = field(
        default=120.0, metadata=word("duration", "How long the answer may take.")
    )
    labels: tuple[str, ...] = field(
        default=(), metadata=word("names", "What the data is, for policies: `personal`, ...")
    )
    into: str = _into()
    repeat: str = _repeat()

    def __post_init__(self) -> None:
        """Check the fields; a model of pydantic's becomes its JSON Schema."""
        check_text(self, "model", "prompt", "system", "into")
        check_one_of(self, "prompt", "messages")
        check_messages(self)
        _check_tools(self)
        check_schema(self)
        check_count(self, "repairs", 0, 5)
        check_count(self, "max_tokens", 0, MOST_TOKENS)
        if self.temperature is not None:
            check_number(self, "temperature", 0, 2)
        check_texts(self, "stop", most=8)
        check_texts(self, "labels")
        if self.seed is not None:
            check_count(self, "seed", 0, 2**31 - 1)
        if self.stream is not None and type(self.stream) is not bool:
            raise wrong(self, "stream", "true or false, or absent")
        check_duration(self, "timeout", above=0)
        check_repeat(self)


@dataclass(frozen=True, slots=True)
class EmbedText(Effect):
    """Turn texts into vectors; the result is one list of numbers, or one for each text."""

    model: str = field(metadata=word("name", "The embedder: `minilm` or `char-tfidf`."))
    text: str = field(default="", metadata=word("text", "One text; or `texts`."))
    texts: Any = field(default=None, metadata=word("value", "A list of texts."))
    into: str = _into()
    repeat: str = _repeat()

    def __post_init__(self) -> None:
        """Check the fields."""
        check_text(self, "model", empty=False)
        check_text(self, "text", "into")
        check_one_of(self, "text", "texts")
        if self.texts is not None:
            check_list(self, "texts", (str,), least=1)
        check_repeat(self)


@dataclass(frozen=True, slots=True)
class VectorSearch(Effect):
    """Find what is nearest in an index; the result is a list, the nearest first."""

    index: str = field(metadata=word("name", "The knowledge to look in, by its name."))
    query: Any = field(metadata=word("value", "A text, or a vector (a list of numbers)."))
    top: int = field(default=5, metadata=word("number", "How many to find."))
    filter: Mapping[str, Any] = field(
        default_factory=dict,
        metadata=word("object", "What their fields must be: `source`, `suffix`, front matter."),
    )
    into: str = _into()
    repeat: str = _repeat()

    def __post_init__(self) -> None:
        """Check the fields."""
        check_text(self, "index", empty=False)
        vector = isinstance(self.query, list | tuple) and self.query
        numbers = vector and all(type(one) in (int, float) for one in self.query)
        if not numbers and not (isinstance(self.query, str) and self.query):
            raise wrong(self, "query", "a text or a list of numbers")
        check_count(self, "top", 1, 10_000)
        check_mapping(self, "filter")
        check_repeat(self)


@dataclass(frozen=True, slots=True)
class RagPipeline(Effect):
    """Answer a question from a body of knowledge; the result says the answer and its sources.

    With `event` it is a sequence of two: the answer, and that event where no passage is relevant.
    """

    knowledge: str = field(metadata=word("name", "The body of knowledge."))
    question: str = field(metadata=word("text", "The question."))
    model: str = field(default="", metadata=word("text", "The model; absent: the usual one."))
    top: int = field(default=5, metadata=word("number", "How many passages to read."))
    filter: Mapping[str, Any] = field(
        default_factory=dict,
        metadata=word("object", "What the documents must be: `source`, `suffix`, front matter."),
    )
    rerank: bool = field(
        default=False, metadata=word("flag", "Put them into a better order first.")
    )
    rerank_model: str = field(
        default="", metadata=word("text", "A model that puts them in order; absent: by sentences.")
    )
    min_relevance: float = field(
        default=0.0, metadata=word("number", "Leave out what is less relevant, 0 to 1.")
    )
    context_tokens: int = field(
        default=1_500, metadata=word("number", "How many tokens of passages the model reads.")
    )
    retrieve_only: bool = field(
        default=False, metadata=word("flag", "Find the passages, and ask no model for an answer.")
    )
    system: str = field(
        default="", metadata=word("text", "What the model is told beside the usual.")
    )
    max_tokens: int = field(
        default=0, metadata=word("number", "How many tokens to answer with; 0: as usual.")
    )
    temperature: float | None = field(
        default=None, metadata=word("number", "How freely it answers, 0 to 2; absent: as usual.")
    )
    timeout: float | str = field(
        default=120.0, metadata=word("duration", "How long the answer may take.")
    )
    event: str = field(
        default="", metadata=word("text", "The event to raise where nothing is relevant.")
    )
    labels: tuple[str, ...] = field(
        default=(), metadata=word("names", "What the data is, for policies: `personal`, ...")
    )
    into: str = _into()
    repeat: str = _repeat()

    def __post_init__(self) -> None:
        """Check the fields."""
        check_text(self, "knowledge", "question", empty=False)
        check_text(self, "model", "rerank_model", "system", "event", "into")
        check_count(self, "top", 1, 1_000)
        check_mapping(self, "filter")
        check_number(self, "min_relevance", 0, 1)
        check_count(self, "context_tokens", 50, MOST_TOKENS)
        check_count(self, "max_tokens", 0, MOST_TOKENS)
        if self.temperature is not None:
            check_number(self, "temperature", 0, 2)
        check_duration(self, "timeout", above=0)
        check_texts(self, "labels")
        check_repeat(self)
        if self.event and (not is_event(self.event) or is_reserved(self.event)):
            raise wrong(self, "event", "an event that a machine may raise", "event='not.found'")

    def spelled_out(self) -> Effect:
        """With `event`: the answer, and then the event if there is nothing to answer from."""
        if not self.event:
            return self
        said = {"relevance": "{{ result.relevance }}"}
        found = replace(self, event="")
        return followed_by_event(found, "!result.relevant", self.event, said)


@dataclass(frozen=True, slots=True)
class InvokeAgent(Effect):
    """Give an agent a task; the result is what it brings back."""

    repeat_by_default: ClassVar[Repeat] = "at_most_once"
    agent: str = field(metadata=word("name", "The agent."))
    task: str = field(metadata=word("text", "What it is to do."))
    tools: Any = field(
        default=None, metadata=word("value", "The tools it may use; absent: those it has.")
    )
    max_steps: int = field(default=20, metadata=word("number", "How many steps it may take."))
    budget: Mapping[str, Any] = field(
        default_factory=dict,
        metadata=word("object", "What it may spend at most: `usd`, `tokens`, `seconds`."),
    )
    into: str = _into()
    repeat: str = _repeat()

    def __post_init__(self) -> None:
        """Check the fields."""
        check_text(self, "agent", "task", empty=False)
        _check_tools(self)
        check_count(self, "max_steps", 1, 10_000)
        _check_budget(self)
        check_repeat(self)


@dataclass(frozen=True, slots=True)
class CoordinateAgents(Effect):
    """Give several agents one task; the result is what they bring back together."""

    repeat_by_default: ClassVar[Repeat] = "at_most_once"
    agents: Any = field(metadata=word("value", "The agents, a list of names."))
    task: str = field(metadata=word("text", "What they are to do."))
    mode: str = field(
        default="sequential",
        metadata=word(
            "choice", "How they work together; a supervisor is the first of them.", choices=MODES
        ),
    )
    rounds: int = field(default=1, metadata=word("number", "How often each of them speaks."))
    budget: Mapping[str, Any] = field(
        default_factory=dict,
        metadata=word("object", "What they may spend at most: `usd`, `tokens`, `seconds`."),
    )
    into: str = _into()
    repeat: str = _repeat()

    def __post_init__(self) -> None:
        """Check the fields."""
        check_list(self, "agents", (str,), least=1)
        check_text(self, "task", empty=False)
        check_choice(self, "mode", MODES)
        check_count(self, "rounds", 1, 1_000)
        _check_budget(self)
        check_repeat(self)


def _check_tools(effect: CallLlm | InvokeAgent) -> None:
    if effect.tools is not None:
        check_list(effect, "tools", (str, dict))


def _check_budget(effect: InvokeAgent | CoordinateAgents) -> None:
    check_mapping(effect, "budget")
    for name, value in effect.budget.items() if isinstance(effect.budget, Mapping) else ():
        number = type(value) in (int, float) and value >= 0
        if name not in ("usd", "tokens", "seconds") or not (number or "{{" in str(value)):
            raise wrong(effect, "budget", "a mapping of usd, tokens or seconds to numbers")
