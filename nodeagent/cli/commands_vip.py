"""The hidden `vip release`, by which the service manager gives up what an agent that ended holds in the kernel."""

import click

from nodeagent.cli.exits import CommandFailed, Exit


@click.group(hidden=True)
def vip() -> None:
    """The virtual IPs of this node."""


@vip.command("release", hidden=True)
def vip_release() -> None:
    """Take no traffic of any virtual IP any more; connections stay. For the service manager's stop hook."""
    from nodeagent.adapters.vip import release_all

    if problem := release_all():
        raise CommandFailed(problem, Exit.REFUSED)
