"""What runs cost: every call of a model with what it took and what had been foreseen."""

from __future__ import annotations

from .account import Account
from .call import Call
from .costs import Costs
from .many import ManyCosts, read_many
from .reading import read_account

__all__ = ["Account", "Call", "Costs", "ManyCosts", "read_account", "read_many"]
