"""What this node can say of the services a module monitors: are they here, and do they leave restarts to the agent."""

import sys

from nodeagent.contract.config import ModuleConfig
from nodeagent.contract.errors import Problem, Severity
from nodeagent.contract.module_files import USERCONFIG
from nodeagent.os_services import Service, Unanswered, services

_KIND = "Windows service" if sys.platform == "win32" else "systemd unit"
_REMEDY = (
    "set its recovery to “take no action”" if sys.platform == "win32" else "set Restart=no for it (systemctl edit)"
)


def service_problems(config: ModuleConfig) -> list[Problem]:
    """Services that are not on this node or start themselves again; warnings all of them. Blocks."""
    names = {rule.name: None for rule in config.monitoring.procs if rule.service} if config.monitoring else {}
    if not names:
        return []
    try:
        states = services(names)
    except Unanswered as unanswered:
        return [_warning(f"whether {', '.join(names)} can be monitored is not known: {unanswered}")]
    return [_warning(text) for name in names if (text := _trouble(name, states[name]))]


def _trouble(name: str, service: Service) -> str:
    if not service.exists:
        return f"there is no {_KIND} {name} on this node"
    if service.restarts:
        return f"the {_KIND} {name} starts itself again ({service.restarts}), which hides its failures: {_REMEDY}"
    return ""


def _warning(text: str) -> Problem:
    return Problem(Severity.WARNING, text, USERCONFIG, path="safe/service/errd")
