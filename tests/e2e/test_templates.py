"""Templates on a real agent with a real nginx: started, killed, started again, stopped; and one that cannot start."""

import http.client
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest

from nodeagent.demo.module import filled, template
from tests.e2e.real_farm import NETWORK, RealFarm, RealNode, running_farm, until

NGINX = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/bin")
WITH_SYSTEMD = Path("/run/systemd/system").is_dir()

pytestmark = [
    pytest.mark.timeout(180),
    pytest.mark.skipif(NGINX is None, reason="nginx is not installed (Debian: nginx-light)"),
    pytest.mark.skipif(WITH_SYSTEMD, reason="systemd runs here: the templates would use the system's own nginx"),
]

CONFIG = """
user root;
pid {directory}/nginx.pid;
error_log stderr;
events {{}}
http {{
    access_log off;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    server {{
        listen {address}:{port};
        return 200 "served";
    }}
}}
"""


class Web(NamedTuple):
    """An nginx of the test's own: its directory, and the port it is told to serve."""

    directory: Path
    port: int

    @property
    def command(self) -> str:
        """How it is started."""
        return f"{NGINX} -p {self.directory} -c {self.directory}/nginx.conf"

    @property
    def pid(self) -> int:
        """Of its master process."""
        return int((self.directory / "nginx.pid").read_text())

    def configure(self, port: int) -> None:
        """Write its configuration."""
        text = CONFIG.format(directory=self.directory, address=f"{NETWORK}.1", port=port)
        (self.directory / "nginx.conf").write_text(text)

    def serves(self) -> bool:
        """Whether it answers."""
        connection = http.client.HTTPConnection(f"{NETWORK}.1", self.port, timeout=2)
        try:
            connection.request("GET", "/")
            return connection.getresponse().read() == b"served"
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def processes(self) -> list[psutil.Process]:
        """Masters and workers, those of a killed master too."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error, OSError):
                if process.name() == "nginx" and str(self.directory) in process.environ().get("PATH", ""):
                    found.append(process)
        return found


@pytest.fixture(scope="module")
def farm() -> Iterator[RealFarm]:
    """One agent."""
    directory = Path(tempfile.mkdtemp(prefix="kg-"))
    try:
        with running_farm(directory, 1) as running:
            yield running
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    """Configured, not started."""
    with socket.create_server((f"{NETWORK}.1", 0)) as free:
        port = free.getsockname()[1]
    nginx = Web(tmp_path, port)
    nginx.configure(port)
    yield nginx


def nginx_module(web: Web) -> dict[str, bytes]:
    """The nginx template, with the values of its macros."""
    files = template("nginx_farm")
    xml = filled(
        files["conf/userconfig.xml"],
        ('value="http://127.0.0.1:80/"', f'value="http://{NETWORK}.1:{web.port}/"'),
        ('name="NGINX_COMMAND" value="nginx"', f'name="NGINX_COMMAND" value="{web.command}"'),
        ("/run/nginx.pid", f"{web.directory}/nginx.pid"),
        ('drain="7"', 'drain="0"'),
    )
    return {**files, "conf/userconfig.xml": xml}


def farm_module(web: Web) -> dict[str, bytes]:
    """The generic farm template, nginx as its application."""
    files = template("farm")
    return {
        **files,
        "conf/userconfig.xml": filled(
            files["conf/userconfig.xml"],
            ("PROCESS_NAME", "PROCESS_NAME"),
            ('name="PROCESS_NAME"', 'name="nginx" argregex="^nginx: master"'),
            ('drain="7"', 'drain="0"'),
        ),
        "bin/start_both": filled(files["bin/start_both"], ("# OWN START CALLS", f"{web.command} || res=$?")),
        "bin/stop_both": filled(
            files["bin/stop_both"],
            ("# OWN STOP CALLS", f"{web.command} -s quit\nwhile [ -e {web.directory}/nginx.pid ]; do sleep 0.1; done"),
        ),
    }


def test_dbg(farm, web):
    farm.install("web", nginx_module(web))
    one = farm.nodes[0]
    print(one.order("start", "web", wait=30))
    print(one.shown("web"), web.serves(), one.why("web"))
    for l in one.log(module="web"): print(l["type"], l["origin"], l["text"])
    print(psutil.Process(web.pid).environ())
    one.order("stop", "web", wait=30)
    print(one.shown("web"), web.serves())
    assert 0
