"""Under systemd each script gets a scope of its own, so that nothing done to the agent's unit reaches it."""

from collections.abc import Mapping


def scope_command(module: str, environment: Mapping[str, str], *, booted: bool, root: bool) -> tuple[str, ...]:
    """The words to put before a script's command line; none unless systemd runs the agent as root.

    `booted`: /run/systemd/system exists; `environment`: the agent's own. systemd-run becomes the script
    itself, so pid, session, exit code and signals are the script's.
    """
    if not (booted and root and "INVOCATION_ID" in environment):
        return ()
    escaped = module.replace("-", r"\x2d")  # a bare dash in a slice's name means "inside of"
    return ("systemd-run", "--scope", f"--slice=keepgreen-{escaped}.slice", "--collect", "--quiet", "--")
