"""Budgets at work: reserve before a call, settle after it."""

from __future__ import annotations

from .spending import Spending
from .terms import Need, Reservation, Spent

__all__ = ["Need", "Reservation", "Spending", "Spent"]
