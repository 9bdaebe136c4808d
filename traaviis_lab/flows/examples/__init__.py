"""An example of every effect of the house, in the groups of the reference."""

from .calling import CALLING, MACHINES
from .composed import COMPOSED
from .data import DATA, TIME
from .example import Example
from .sharing import SHARING
from .thinking import THINKING

GROUPS: dict[str, dict[str, Example]] = {
    "Data and history": DATA,
    "Time": TIME,
    "Calling": CALLING,
    "Machines": MACHINES,
    "Models and agents": THINKING,
    "Put together": COMPOSED,
    "Put together, and shared by the lab": SHARING,
}

__all__ = ["GROUPS", "Example"]
