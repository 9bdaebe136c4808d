"""Prompts: questions a person often has about machines, with what a model needs to answer them."""

from __future__ import annotations

from .costing import EXPLAIN_COST
from .debugging import DEBUG_RUN
from .designing import DESIGN_MACHINE
from .prompt import Argument, Prompt

__all__ = ["PROMPTS", "Argument", "Prompt"]

PROMPTS = {one.name: one for one in (DEBUG_RUN, DESIGN_MACHINE, EXPLAIN_COST)}
