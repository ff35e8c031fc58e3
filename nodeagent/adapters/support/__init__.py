"""The snapshot for a support case: everything that tells what happened on a node, without its secrets."""

from nodeagent.adapters.support.anonymity import Anonymity
from nodeagent.adapters.support.bundle import PART_BYTES, Bundle, Part, safe_name
from nodeagent.adapters.support.files import file_modes, tail
from nodeagent.adapters.support.secrecy import Secrecy, is_secret, secrets_of
from nodeagent.adapters.support.system import accounts, system_parts
from nodeagent.adapters.support.text import decoded

__all__ = [
    "PART_BYTES",
    "Anonymity",
    "Bundle",
    "Part",
    "Secrecy",
    "accounts",
    "decoded",
    "file_modes",
    "is_secret",
    "safe_name",
    "secrets_of",
    "system_parts",
    "tail",
]
