"""The demo's module and cluster: the generic farm template with the web application filled in."""

import sys
from pathlib import Path

import nodeagent
from nodeagent.demo.record import APP_PORT, CLUSTER_PORT

NAME = "farm"
WEB_APP = Path(__file__).with_name("web_app.py")
DRAIN = "2"
"""Seconds; the demo's load balancer probes every second."""


def template(name: str) -> dict[str, bytes]:
    """The files of a shipped module template, by path."""
    package = Path(nodeagent.__file__).parent
    places = (package / "resources", package.parent / "resources")
    directory = next(place for place in places if (place / "modules" / name).is_dir()) / "modules" / name
    return {f.relative_to(directory).as_posix(): f.read_bytes() for f in directory.rglob("*") if f.is_file()}


def farm_module() -> dict[str, bytes]:
    """What is staged on each node; the same bytes everywhere, node-specific parts come from the environment."""
    files = template("farm")
    app = f'"{sys.executable}" "{WEB_APP}"'
    where = f"--port {APP_PORT}"
    return {
        **files,
        "conf/userconfig.xml": filled(
            files["conf/userconfig.xml"],
            ('name="PROCESS_NAME"', f'name="web_app" nameregex="^python" argregex="{own_copy()}"'),
            ('drain="7"', f'drain="{DRAIN}"'),
        ),
        "bin/start_both": filled(
            files["bin/start_both"],
            (
                "# OWN START CALLS",
                f'[ $res -eq 0 ] && {{ {app} start --node "$SAFENODE" --address "$SAFENODEADDR" {where} || res=$?; }}',
            ),
        ),
        "bin/stop_both": filled(
            files["bin/stop_both"],
            ("# OWN STOP CALLS", f'{app} stop --address "$SAFENODEADDR" {where} || res=$?'),
        ),
        "bin/start_both.cmd": filled(
            files["bin/start_both.cmd"],
            (
                "rem OWN START CALLS",
                f'if %res%==0 {app} start --node "%SAFENODE%" --address "%SAFENODEADDR%" {where} || set res=1',
            ),
        ),
        "bin/stop_both.cmd": filled(
            files["bin/stop_both.cmd"],
            ("rem OWN STOP CALLS", f'{app} stop --address "%SAFENODEADDR%" {where} || set res=1'),
        ),
    }


def own_copy() -> str:
    """A pattern for the command line of a node's own copy: three nodes share one computer."""
    return r"web_app\.py[&quot;']? serve --node %SAFENODE% "


def filled(text: bytes, *places: tuple[str, str]) -> bytes:
    """The template with its placeholders replaced, everything else byte for byte."""
    for placeholder, value in places:
        if placeholder.encode() not in text:
            raise ValueError(f"the farm template has lost its place {placeholder!r}")
        text = text.replace(placeholder.encode(), value.encode())
    return text


def cluster_xml(nodes: tuple[tuple[str, str], ...]) -> bytes:
    """cluster.xml for (name, address) pairs on one lan."""
    lines = [f'      <node name="{name}" addr="{address}"/>' for name, address in nodes]
    return "\n".join(
        [
            "<cluster>",
            f'  <lans port="{CLUSTER_PORT}">',
            '    <lan name="default" command="on">',
            *lines,
            "    </lan>",
            "  </lans>",
            "</cluster>",
            "",
        ]
    ).encode()
