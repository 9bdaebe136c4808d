"""Rewrite what can be rewritten safely: text in, new text out, and why the rest was left."""

from .documents import migrate_document
from .migration import Change, Left, Migration
from .sources import migrate_source

__all__ = ["Change", "Left", "Migration", "migrate_document", "migrate_source"]
