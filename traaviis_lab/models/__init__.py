"""Models behind one port: scripted, recorded, in this process, or far away."""

from .cassette import Cassette
from .policy import Policy
from .port import Answer, Chunk, Count, Provider, Request
from .scripted import Scripted
from .shelf import Models, Route

__all__ = [
    "Answer",
    "Cassette",
    "Chunk",
    "Count",
    "Models",
    "Policy",
    "Provider",
    "Request",
    "Route",
    "Scripted",
]
