"""Models behind one port: scripted, recorded, in this process, or far away."""

from .port import Answer, Chunk, Count, Provider, Request

__all__ = ["Answer", "Chunk", "Count", "Provider", "Request"]
