"""The agent's place among the processes of its machine: what else is busy there must not delay heartbeats or probes."""

import os
import sys
from contextlib import suppress
from pathlib import Path

if sys.platform == "win32":
    import psutil

    def rise() -> None:
        """One class above normal, which no child takes over. Who was given another class keeps it."""
        own = psutil.Process()
        if own.nice() == psutil.NORMAL_PRIORITY_CLASS:
            with suppress(psutil.Error, OSError):
                own.nice(psutil.ABOVE_NORMAL_PRIORITY_CLASS)

elif sys.platform == "linux":
    NICE = -10

    def rise() -> None:
        """The calling thread above ordinary ones, its later threads and children ordinary again (see sched(7)).

        Who was given a priority of his own keeps it; without the right to rise all stays as it was.
        """
        if os.sched_getscheduler(0) != os.SCHED_OTHER or os.getpriority(os.PRIO_PROCESS, 0) != 0:
            return
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, 0, NICE)
            os.sched_setscheduler(0, os.SCHED_OTHER | os.SCHED_RESET_ON_FORK, os.sched_param(0))
            if os.getsid(0) == os.getpid():  # a service: where the kernel weighs sessions, its own has to rise
                Path("/proc/self/autogroup").write_text(str(NICE), encoding="ascii")

else:

    def rise() -> None:
        """Nothing here: this system is for the console only."""
