"""The half of this package that fits the system it runs on; the only place where the two meet."""

import sys

if sys.platform == "win32":
    from nodeagent.adapters.processes.windows.child import adopt, launch
    from nodeagent.adapters.processes.windows.deaths import Death, Deaths
    from nodeagent.adapters.processes.windows.strays import end_marked
    from nodeagent.adapters.processes.windows.table import command_line, created, machine_boot, programs
else:
    from nodeagent.adapters.processes.linux.child import adopt, launch
    from nodeagent.adapters.processes.linux.deaths import Death, Deaths
    from nodeagent.adapters.processes.linux.table import command_line, created, machine_boot, programs
    from nodeagent.adapters.processes.linux.tree import end_marked

WINDOWS = sys.platform == "win32"

__all__ = [
    "WINDOWS",
    "Death",
    "Deaths",
    "adopt",
    "command_line",
    "created",
    "end_marked",
    "launch",
    "machine_boot",
    "programs",
]
