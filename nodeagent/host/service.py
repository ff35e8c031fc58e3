"""The agent as a service, whatever the system: `install`, `remove`, and `elsewhere`, whose agent it is."""

import sys

if sys.platform == "win32":
    from nodeagent.host.windows_installation import elsewhere, install, remove
else:
    from nodeagent.host.systemd_unit import elsewhere, install, remove

__all__ = ["elsewhere", "install", "remove"]
