"""Under systemd each script gets a scope of its own, so that nothing done to the agent's unit reaches it.

A scope is ordered before the agent's unit: at the system's shutdown systemd ends first the agent, which
stops its modules with their scripts, and then what is left of the applications.
"""

from collections.abc import Mapping

UNIT = "keepgreen.service"


def scope_command(module: str, environment: Mapping[str, str], *, booted: bool, root: bool) -> tuple[str, ...]:
    """The words to put before a script's command line; none unless systemd runs the agent as root.

    `booted`: /run/systemd/system exists; `environment`: the agent's own. systemd-run becomes the script
    itself, so pid, session, exit code and signals are the script's.
    """
    if not (booted and root and "INVOCATION_ID" in environment):
        return ()
    escaped = module.replace("-", r"\x2d")  # a bare dash in a slice's name means "inside of"
    slice_ = f"--slice=keepgreen-{escaped}.slice"
    return ("systemd-run", "--scope", slice_, f"--property=Before={UNIT}", "--collect", "--quiet", "--")
