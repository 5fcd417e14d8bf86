"""The conversation store, on SQLite or PostgreSQL."""

from dialogue.store.store import Store

__all__ = ["Store"]
