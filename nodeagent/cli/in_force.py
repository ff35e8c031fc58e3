"""What is in force on this node, read from its files: for commands that work without a running agent."""

import json
from pathlib import Path

from nodeagent.contract.module_files import USERCONFIG
from nodeagent.home import Home


def cluster_file(home: Home) -> Path:
    """The cluster.xml in force; where it would be when this node is in no cluster."""
    try:
        revision = int(json.loads((home.cluster / "node.json").read_bytes())["revision"])
    except (OSError, ValueError, KeyError, TypeError):
        revision = 0
    return home.cluster / "rev" / str(revision) / "cluster.xml"


def module_file(home: Home, module: str) -> Path:
    """The userconfig.xml in force, else that of what is installed; where it would be when there is neither."""
    try:
        revision = int((home.module(module) / "current").read_text(encoding="ascii"))
    except (OSError, ValueError):
        revision = 0
    return home.revision(module, revision) / USERCONFIG
