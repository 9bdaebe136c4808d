"""The front room: Lab puts everything together and is what notebooks talk to."""

from .lab import Lab
from .recording import Recording
from .run import Run

__all__ = ["Lab", "Recording", "Run"]
