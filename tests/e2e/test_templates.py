"""Templates on a real agent with real nginx and Apache: started, killed, started again, stopped; starts that fail."""

import http.client
import os
import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest

from nodeagent.demo.module import filled, template
from tests.e2e.real_farm import NETWORK, RealFarm, RealNode, running_farm, until
from tests.fakes.short_directory import short_directory

ADDRESS = f"{NETWORK}.1"
PLACES = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"])
NGINX = shutil.which("nginx", path=PLACES)
APACHE = shutil.which("apache2", path=PLACES)

pytestmark = [
    pytest.mark.timeout(180),
    pytest.mark.skipif(Path("/run/systemd/system").is_dir(), reason="with systemd it would be the system's own nginx"),
]
with_nginx = pytest.mark.skipif(NGINX is None, reason="nginx is not installed (Debian: nginx-light)")
with_apache = pytest.mark.skipif(APACHE is None, reason="Apache is not installed (Debian: apache2-bin)")

NGINX_CONFIG = """
user root;
pid {directory}/pid;
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
APACHE_CONFIG = """
ServerRoot {directory}
ServerName test
DefaultRuntimeDir {directory}
PidFile {directory}/pid
ErrorLog {directory}/error.log
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
User nobody
Listen {address}:{port}
ErrorDocument 403 "served"
<Location />
    Require all denied
</Location>
"""


class Web(NamedTuple):
    """A web server of the test's own: its directory, and its port."""

    directory: Path
    port: int

    @property
    def nginx(self) -> str:
        """How nginx is started."""
        return f"{NGINX} -p {self.directory} -c {self.directory}/nginx.conf"

    @property
    def apache(self) -> str:
        """How Apache is started, but for `-k start`."""
        return f"{APACHE} -f {self.directory}/apache.conf"

    @property
    def pid_file(self) -> Path:
        """Of the master process."""
        return self.directory / "pid"

    @property
    def pid(self) -> int:
        """What it holds; 0 when there is none."""
        with suppress(FileNotFoundError):  # a server that ends removes it
            return int(self.pid_file.read_text() or 0)
        return 0

    def configure(self, more: str = "") -> None:
        """Write both configurations, with this at their beginning."""
        for name, text in (("nginx", NGINX_CONFIG), ("apache", APACHE_CONFIG)):
            filled_in = text.format(directory=self.directory, address=ADDRESS, port=self.port)
            (self.directory / f"{name}.conf").write_text(more + filled_in)

    def answer(self) -> bytes:
        """What is served; nothing when nobody answers."""
        connection = http.client.HTTPConnection(ADDRESS, self.port, timeout=2)
        try:
            connection.request("GET", "/")
            return connection.getresponse().read()
        except (OSError, http.client.HTTPException):
            return b""
        finally:
            connection.close()

    def processes(self) -> list[psutil.Process]:
        """Master and workers, also those of a master that was killed: they hold the port."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                mine = process.name() in ("nginx", "apache2")
                if mine and any(c.laddr and c.laddr.port == self.port for c in process.net_connections("tcp")):
                    found.append(process)
        return found


Module = Callable[[Web], dict[str, bytes]]
End = Callable[[psutil.Process], None]


def nginx_module(web: Web) -> dict[str, bytes]:
    """The nginx template with the values of its macros filled in."""
    return with_macros("nginx_farm", web, ('COMMAND" value="nginx"', f'COMMAND" value="{web.nginx}"'), "/run/nginx.pid")


def apache_module(web: Web) -> dict[str, bytes]:
    """The Apache template with the values of its macros filled in."""
    command = ('COMMAND" value="apachectl"', f'COMMAND" value="{web.apache}"')
    return with_macros("apache_farm", web, command, "/run/apache2/apache2.pid")


def with_macros(name: str, web: Web, command: tuple[str, str], pid_file: str) -> dict[str, bytes]:
    """A template's files; nothing but values of macros and the drain is changed."""
    files = template(name)
    xml = filled(
        files["conf/userconfig.xml"],
        ('value="http://127.0.0.1:80/"', f'value="http://{ADDRESS}:{web.port}/"'),
        command,
        (f'value="{pid_file}"', f'value="{web.pid_file}"'),
        ('drain="7"', 'drain="0"'),
    )
    return {**files, "conf/userconfig.xml": xml}


def farm_module(web: Web) -> dict[str, bytes]:
    """The generic farm template with nginx as its application, started and stopped by calls of its own."""
    files, file = template("farm"), web.pid_file
    stop = f"[ -e {file} ] && kill -QUIT $(cat {file}) && while [ -e {file} ]; do sleep 0.1; done"
    xml = filled(
        files["conf/userconfig.xml"],
        ('name="PROCESS_NAME"', 'name="nginx" argregex="^nginx: master"'),
        ('drain="7"', 'drain="0"'),
    )
    return {
        **files,
        "conf/userconfig.xml": xml,
        "bin/start_both": filled(files["bin/start_both"], ("# OWN START CALLS", f"{web.nginx} || res=$?")),
        "bin/stop_both": filled(files["bin/stop_both"], ("# OWN STOP CALLS", stop)),
    }


@pytest.fixture(scope="module")
def farm() -> Iterator[RealFarm]:
    """One agent."""
    with short_directory() as directory, running_farm(directory, 1) as running:
        yield running


@pytest.fixture
def web(farm: RealFarm, tmp_path: Path) -> Iterator[Web]:
    """Configured, not started; nothing of it is left afterwards."""
    with socket.create_server((ADDRESS, 0)) as free:
        server = Web(tmp_path, free.getsockname()[1])
    server.configure()
    yield server
    (one,) = farm.nodes
    if any(module["name"] == "web" for module in one.get("/status")["modules"]):
        one.order("stop", "web", wait=30)
    for process in server.processes():
        process.kill()


def lives(process: psutil.Process) -> bool:
    """A zombie does not: whose child it has become is the machine's affair."""
    with suppress(psutil.NoSuchProcess):
        return process.status() != psutil.STATUS_ZOMBIE
    return False


def logged(node: RealNode, words: str) -> bool:
    return any(words in line["text"] for line in node.log(module="web"))


@pytest.mark.parametrize(
    ("module", "end", "seen"),
    [
        pytest.param(nginx_module, psutil.Process.kill, "nginx gone", id="nginx", marks=with_nginx),
        pytest.param(farm_module, psutil.Process.terminate, "nginx gone", id="farm", marks=with_nginx),
        pytest.param(apache_module, psutil.Process.terminate, "apache gone", id="apache", marks=with_apache),
    ],
)
def test_it_starts_comes_back_and_stops(farm: RealFarm, web: Web, module: Module, end: End, seen: str) -> None:
    (one,) = farm.nodes
    farm.install("web", module(web))
    farm.start("web")
    assert web.answer() == b"served"

    first = psutil.Process(web.pid)
    workers = first.children()
    assert workers
    end(first)
    until(lambda: web.pid not in (0, first.pid), 20, "another master")
    until(lambda: one.green("web"), 20, "green again")
    assert web.answer() == b"served"
    until(lambda: logged(one, seen), 10, f"the log says {seen}")
    assert not any(map(lives, workers))  # those of a killed nginx would keep its port

    one.order("stop", "web", wait=30)
    assert one.shown("web") == "STOP NotReady"
    assert web.processes() == []
    assert web.answer() == b""


@pytest.mark.parametrize(
    ("module", "name"),
    [
        pytest.param(nginx_module, "nginx", marks=with_nginx),
        pytest.param(apache_module, "Apache", marks=with_apache),
    ],
)
def test_a_start_that_fails_ends_in_a_stop_that_says_why(farm: RealFarm, web: Web, module: Module, name: str) -> None:
    (one,) = farm.nodes
    farm.install("web", module(web))
    with socket.create_server((ADDRESS, web.port)):
        one.order("start", "web")
        until(lambda: "4th automatic action" in one.why("web"), 60, "stopped by maxloop")
    said = f"start_both said “start_both: {name} did not start: its own words are in the output of start_both”"
    assert f"(3 allowed): start_both ended with exit code 1 (4 times); {said}" in one.why("web")
    [newest] = [f["path"] for f in one.get("/modules/web/outputs") if f["path"].endswith("start_both.ulog")][:1]
    assert b"Address already in use" in one.get(f"/modules/web/outputs/{newest}")


@with_nginx
def test_a_wrong_pid_file_is_named(farm: RealFarm, web: Web) -> None:
    (one,) = farm.nodes
    files = nginx_module(web)
    wrong = ('/pid"', '/other"')
    xml = filled(files["conf/userconfig.xml"], wrong, ('maxloop="3"', 'maxloop="0"'))
    farm.install("web", {**files, "conf/userconfig.xml": xml})
    one.order("start", "web")
    until(lambda: "PID_FILE must be what its configuration names" in one.why("web"), 30, "the mistake is named")


@pytest.mark.parametrize(
    ("module", "said"),
    [
        pytest.param(nginx_module, "nonsense", marks=with_nginx),
        pytest.param(apache_module, "Invalid command .*nonsense", marks=with_apache),
    ],
)
def test_a_mistake_in_its_own_configuration_is_refused(farm: RealFarm, web: Web, module: Module, said: str) -> None:
    web.configure("nonsense\n")
    with pytest.raises(AssertionError, match=rf"confcheck ended with exit code 1.*{said}"):
        farm.install("web", module(web))


def test_a_program_that_is_not_there_is_named(farm: RealFarm, web: Web) -> None:
    files = template("nginx_farm")
    xml = filled(files["conf/userconfig.xml"], ('COMMAND" value="nginx"', 'COMMAND" value="no-such-nginx -q"'))
    with pytest.raises(AssertionError, match="there is no program no-such-nginx on this node: install nginx"):
        farm.install("web", {**files, "conf/userconfig.xml": xml})


def test_iis_is_refused_on_linux(farm: RealFarm) -> None:
    with pytest.raises(AssertionError, match="IIS runs on Windows only"):
        farm.install("iis", template("iis_farm"))
