"""Datagrams that are not believed: counted by reason in words, each said once in the log."""

from enum import StrEnum


class Reason(StrEnum):
    """Why a datagram changed nothing."""

    MALFORMED = "malformed datagram"
    OLD_PROTOCOL = "too old protocol"
    NEW_PROTOCOL = "too new protocol"
    UNKNOWN_KEY = "unknown key"
    OTHER_CLUSTER = "other cluster"
    NOT_CONFIGURED = "not in this node's configuration"
    NOT_AUTHENTIC = "not authentic"
    REPLAY = "replay"
    ENDED_SESSION = "session that has ended"
    OTHER_UUID = "same name, other uuid"


class Rejections:
    """Counts `node3 rejects node1: unknown key`; only configured names are named, so it stays small."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self.unsaid: list[str] = []
        """Sentences that are new since the log was last told."""

    def add(self, me: str, sender: str, reason: Reason) -> None:
        """One more; `sender` is empty when the name is not one of the cluster."""
        sentence = f"{me} rejects {sender or 'an unknown sender'}: {reason}"
        if sentence not in self.counts:
            self.unsaid.append(sentence)
        self.counts[sentence] = self.counts.get(sentence, 0) + 1
