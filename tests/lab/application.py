"""nginx as the application of the lab: on port 80 of every address, `/` answers the node's name, `/100k` 100 KB.

`module_files` makes the farm module that starts and stops it, `Nginx` runs it without an agent.
"""

from pathlib import Path

from tests.lab.topology import Host

MODULE = "farm"

CONFIG = """
user root;
worker_processes 1;
pid {directory}/nginx.pid;
error_log {directory}/nginx.log warn;
events {{
  worker_connections 4096;
}}
http {{
  access_log off;
  default_type text/plain;
  keepalive_timeout 3s;
  keepalive_requests 1000000;
  server {{
    listen 80 backlog=4096;
    listen [::]:80 backlog=4096 ipv6only=on;
    location = / {{ return 200 "{name}\\n"; }}
    location / {{ root {directory}/www; }}
  }}
}}
"""

USERCONFIG = """<!DOCTYPE safe>
<safe>
  <service mode="farm" boot="off" maxloop="3" loop_interval="0">
    <farm>{lans}</farm>
    {more}
    <health drain="{drain}"/>
    <errd polltimer="5">
      <proc name="nginx" argregex="{directory}/%SAFENODE%/nginx\\.conf" action="restart" class="both"/>
    </errd>
    <user nicestoptimeout="20" forcestoptimeout="5" starttimeout="20" exitcode="act"/>
  </service>
</safe>
"""
"""The nodes share one process table, so that only its configuration file tells whose an nginx is."""

START = """#!/bin/sh
exec nginx -e stderr -c {directory}/$SAFENODE/nginx.conf
"""
STOP = """#!/bin/sh
# Lets nginx end the requests it serves; the forced stop does not.
conf={directory}/$SAFENODE/nginx.conf pid={directory}/$SAFENODE/nginx.pid
signal=quit
[ "$1" = force ] && signal=stop
[ -e $pid ] && nginx -e stderr -c $conf -s $signal
while [ -e $pid ]; do sleep 0.05; done
exit 0
"""


def lay_nginx(directory: Path, node: str) -> Path:
    """Write a node's nginx.conf and files; the configuration's path. `directory` is that of the lab."""
    home = directory / node
    (home / "www").mkdir(parents=True, exist_ok=True)
    (home / "www" / "100k").write_bytes(bytes(range(256)) * 400)
    config = home / "nginx.conf"
    config.write_text(CONFIG.format(directory=home, name=node))
    return config


def module_files(directory: Path, lans: tuple[str, ...], *, drain: str = "0", more: str = "") -> dict[str, bytes]:
    """The farm module of a lab; `more` stands in `<service>` after `<farm>`, for a `<vip>`."""
    names = "".join(f'<lan name="{name}"/>' for name in lans)
    config = USERCONFIG.format(directory=directory, lans=names, drain=drain, more=more)
    return {
        "conf/userconfig.xml": config.encode(),
        "bin/start_both": START.format(directory=directory).encode(),
        "bin/stop_both": STOP.format(directory=directory).encode(),
    }


class Nginx:
    """nginx on a host, without an agent."""

    def __init__(self, host: Host, directory: Path) -> None:
        self._host, self._config = host, lay_nginx(directory, host.role)

    def start(self) -> None:
        """Start it; it accepts connections when this returns."""
        self._host.run("nginx", "-e", "stderr", "-c", str(self._config))

    def stop(self) -> None:
        """End it at once."""
        self._host.run("nginx", "-e", "stderr", "-c", str(self._config), "-s", "stop")
