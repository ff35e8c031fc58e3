"""What the routes of modules and of the cluster say of a revision."""

from typing import Any

from nodeagent.adapters.http_api.route import Call
from nodeagent.engine.ports import Refused


def number_of(call: Call) -> int:
    """The revision in the path."""
    text = call.names["number"]
    if not text.isascii() or not text.isdecimal() or len(text) > 9 or not int(text):
        raise Refused(404, "no-revision", f"{text[:40]!r} is not the number of a revision: 1, 2, …")
    return int(text)


def signed(body: Any) -> str:
    """What the audit line of a commit names."""
    return f"signature {body.signature[:12]}"


def restored(body: Any) -> str:
    """What the audit line of a restore names."""
    return f"revision {body.revision}"
