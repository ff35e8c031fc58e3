"""set and get."""

import click

from nodeagent.cli import fast
from nodeagent.cli.options import json_option, module_option


@click.command("set")
@click.option("-r", "resource", default="", metavar="RESOURCE", help="The resource, e.g. custom.db.")
@click.option("-v", "value", default="", metavar="VALUE", help=f"Its value: {', '.join(fast.VALUES)}.")
@module_option
@click.option("-i", expose_value=False, metavar="WHO", help="Taken as in existing scripts; the log names the user.")
@json_option
def set_value(resource: str, value: str, module: str, as_json: bool) -> int:
    """Set a resource: what a custom checker found."""
    return fast.set_resource(resource, value, module, as_json)


@click.command("get")
@click.option("-r", "resource", default="", metavar="RESOURCE", help="The resource, e.g. proc.httpd.")
@module_option
@json_option
def get_value(resource: str, module: str, as_json: bool) -> int:
    """Write the value of a resource."""
    return fast.get(resource, module, as_json)
