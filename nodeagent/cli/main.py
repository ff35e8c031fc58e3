"""The command `keepgreen` with all its commands."""

from collections.abc import Iterable, Sequence

import click

from nodeagent.cli.commands_actions import ACTIONS, run_without
from nodeagent.cli.commands_cluster import cluster
from nodeagent.cli.commands_cluster_changes import CHANGES
from nodeagent.cli.commands_completion import completion
from nodeagent.cli.commands_console import console
from nodeagent.cli.commands_demo import demo
from nodeagent.cli.commands_doctor import doctor
from nodeagent.cli.commands_enrol import enrol
from nodeagent.cli.commands_firewall import firewall
from nodeagent.cli.commands_log import cmdlog, log, logview, print_error, print_info
from nodeagent.cli.commands_loop import LOOPS
from nodeagent.cli.commands_module import check, config, deconfig, module
from nodeagent.cli.commands_node import agent, fingerprint, level, passwd
from nodeagent.cli.commands_resources import get_value, set_value
from nodeagent.cli.commands_service import service
from nodeagent.cli.commands_snapshot import snapshot
from nodeagent.cli.commands_state import state, why
from nodeagent.cli.commands_switches import SWITCHES
from nodeagent.cli.commands_token import token
from nodeagent.cli.commands_vip import vip
from nodeagent.cli.commands_waits import WAITS
from nodeagent.cli.exits import CommandFailed, Exit

_COMMANDS = (
    *(agent, cluster, module, config, deconfig, check, *ACTIONS, run_without, *WAITS, state, why),
    *(log, logview, print_info, print_error, cmdlog, snapshot, set_value, get_value, *SWITCHES, *LOOPS),
    *(passwd, token, fingerprint, enrol, level, service, doctor, firewall, vip, demo, console, completion),
)
for _change in CHANGES:
    cluster.add_command(_change)


def _whole_sentences(commands: Iterable[click.Command]) -> None:
    """The lists of commands show the first sentence of each, which click would cut at 45 letters."""
    for command in commands:
        text = " ".join((command.help or "").split())
        command.short_help = f"{text.partition('. ')[0].rstrip('.')}."
        if isinstance(command, click.Group):
            _whole_sentences(command.commands.values())


_whole_sentences(_COMMANDS)


@click.group(
    commands={command.name or "": command for command in _COMMANDS},
    context_settings={"help_option_names": ["--help"], "max_content_width": 110},
)
@click.option(
    "-H",
    expose_value=False,
    metavar="NODES",
    help='On which nodes, before the command: names with commas between them, or "*" for all; left out: this one.',
)
def keepgreen() -> None:
    """Keep an application running on a farm of servers, and see it."""


def run(args: Sequence[str]) -> int:
    """Run one command and give its exit code. Raises CommandFailed for every expected failure."""
    try:
        # Not keepgreen.main(): it has its own ideas of Ctrl-C and closed pipes.
        with keepgreen.make_context("keepgreen", list(args)) as context:
            return int(keepgreen.invoke(context) or Exit.OK)
    except click.exceptions.Exit as ended:
        return ended.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        raise CommandFailed(error.ctx.get_help() if error.ctx else error.format_message(), Exit.USAGE) from None
    except click.UsageError as error:
        raise CommandFailed(_hint(error), Exit.USAGE) from None
    except click.Abort:
        return Exit.INTERRUPTED
    except click.ClickException as error:
        raise CommandFailed(error.format_message(), Exit.BAD_DATA) from None


def _hint(error: click.UsageError) -> str:
    path = error.ctx.command_path if error.ctx else "keepgreen"
    sentence = error.format_message().replace("\n", " ")
    return f"{sentence[:1].lower()}{sentence[1:]}\n`{path} --help` shows what is possible"
