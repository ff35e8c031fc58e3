"""The node's log, audit and resource history, kept in SQLite."""

from nodeagent.adapters.journal.journal import SqliteJournal
from nodeagent.adapters.journal.query import Question, read_audit, read_history, read_page
from nodeagent.adapters.journal.records import Limits

__all__ = ["Limits", "Question", "SqliteJournal", "read_audit", "read_history", "read_page"]
