"""Knowledge: documents read in, cut, turned into vectors, and searched by meaning and by words."""

from .embedder import Embedder
from .library import Library
from .passage import Chunk, Found

__all__ = ["Chunk", "Embedder", "Found", "Library"]
