"""What effects share by name over the whole lab: breakers, limits, bulkheads, caches."""

from .gates import Shared

__all__ = ["Shared"]
