"""The node's log and audit, kept in SQLite."""

from nodeagent.adapters.journal.journal import SqliteJournal
from nodeagent.adapters.journal.records import Limits

__all__ = ["Limits", "SqliteJournal"]
