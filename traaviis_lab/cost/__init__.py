"""What calls of models cost: usage, prices, what is foreseen and what may be spent. Pure."""

from .usage import Usage

__all__ = ["Usage"]
