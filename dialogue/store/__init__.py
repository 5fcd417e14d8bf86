"""Where conversations are kept: SQLite or PostgreSQL behind one `Store`, composed of parts with a file each."""

from dialogue.store.store import Store

__all__ = ["Store"]
