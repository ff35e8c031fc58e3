"""Which boot of the machine this is: processes are adopted only within the boot that started them."""

import os

from nodeagent.adapters.processes.system import machine_boot


def boot_id() -> str:
    """A word that stays the same until the machine boots again, whatever is done to its clock.

    Linux: the kernel's own boot id. Windows: when the service manager started, a time that the system
    notes once per boot and never corrects. The environment variable KEEPGREEN_BOOT_ID, when set, is
    taken instead: the tests and the demo play a power failure with it.
    """
    return os.environ.get("KEEPGREEN_BOOT_ID") or machine_boot()
