"""doctor: looks at this node and at its ways to the others, and says what to do."""

import click
import msgspec
from rich.text import Text

from nodeagent.cli.client import as_json as to_json
from nodeagent.cli.doctor.finding import Finding, Health
from nodeagent.cli.exits import Exit
from nodeagent.cli.options import json_option
from nodeagent.cli.tables import progress_wanted, say, show_table

_STYLES = {Health.GOOD: "green", Health.NOTE: "cyan", Health.WARNING: "yellow", Health.BAD: "red"}


class Report(msgspec.Struct, frozen=True):
    """The JSON answer."""

    ok: bool
    findings: tuple[Finding, ...]


@click.command()
@click.option("-a", "everything", is_flag=True, help="Also show what is good.")
@json_option
def doctor(everything: bool, as_json: bool) -> int:
    """Look at this node as a technician would, and say what to do; exit code 1 when something is bad."""
    from nodeagent.cli.doctor.gathering import gather
    from nodeagent.cli.doctor.judgement import judged

    if progress_wanted():
        click.echo("looking at this node and at its ways to the others …", err=True)
    findings = judged(gather())
    ok = all(finding.health is not Health.BAD for finding in findings)
    if as_json:
        click.echo(to_json(Report(ok, findings)))
        return Exit.OK if ok else 1
    rows = [
        (Text(finding.health, style=_STYLES[finding.health]), finding.about, finding.text, finding.advice)
        for finding in findings
        if everything or finding.health is not Health.GOOD
    ]
    if rows:
        show_table(("", "about", "seen", "what to do"), rows)
    count = sum(finding.health is Health.GOOD for finding in findings)
    say(f"{count} of {len(findings)} looks were good", "green" if ok else "red")
    return Exit.OK if ok else 1
