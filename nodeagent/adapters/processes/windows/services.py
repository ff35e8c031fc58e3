"""A monitored Windows service: the process that runs it."""

import sys

import psutil

assert sys.platform == "win32"


def service_process(name: str) -> int | None:
    """The process of the running service; None when it is stopped or unknown. Blocks."""
    try:
        service = psutil.win_service_get(name)
        return service.pid() if service.status() == "running" else None
    except (psutil.Error, OSError):
        return None
