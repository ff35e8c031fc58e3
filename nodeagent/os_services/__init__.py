"""What the system's service manager says of services: systemd units on Linux, services of Windows.

Asked by the scans of the process monitor and by the check of a configuration. `services` blocks.
"""

import sys

from nodeagent.os_services.service import Service, Unanswered

if sys.platform == "win32":
    from nodeagent.os_services.windows import services
else:
    from nodeagent.os_services.linux import services

__all__ = ["Service", "Unanswered", "services"]
