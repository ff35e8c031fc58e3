"""The rights on what a real agent makes, whatever umask it was started with."""

import os
import stat
import subprocess
import sys

import pytest

from tests.e2e.real_farm import FILES, RealFarm, RealNode, until
from tests.fakes.short_directory import short_directory

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="Windows has no umask"),
    pytest.mark.timeout(180),
]

CONNECT = """
import os, socket, sys
path, gid, uid = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
os.setgroups([])
os.setgid(gid)
os.setuid(uid)
with socket.socket(socket.AF_UNIX) as sock:
    try:
        sock.connect(path)
    except OSError as error:
        sys.exit(str(error.strerror))
"""
NOBODY = 65534
REVISION = "modules/farm/rev/1"
SECRETS = (
    *("cluster", "cluster/node.json", "tls/key.pem", "records.db"),
    *(f"{REVISION}/conf/userconfig.xml", f"{REVISION}/meta.json"),
)


def connected(node: RealNode, group: int) -> str:
    """Why somebody in this group, and no other, cannot connect to the local socket; empty when he can."""
    command = [sys.executable, "-c", CONNECT, str(node.home / "var" / "run" / "agent.sock"), str(group), str(NOBODY)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False).stderr.strip()


def made(node: RealNode) -> dict[str, int]:
    """The mode of each file and folder that the agent has made, by its path in SAFEVAR; not what scripts made."""
    var = node.home / "var"
    paths = [path for path in var.rglob("*") if not path.is_symlink() and "modules/farm/var/" not in str(path)]
    return {str(path.relative_to(var)): stat.S_IMODE(path.stat().st_mode) for path in [var, *paths]}


@pytest.mark.parametrize("umask", ["077", "000"])
def test_the_agents_umask_opens_and_closes_nothing(umask: str) -> None:
    with short_directory() as directory:
        directory.chmod(0o755)
        farm = RealFarm(directory, 1)
        node = farm.nodes[0]
        (node.home / "var" / "run").mkdir()
        for folder in (node.home / "var", node.home / "var" / "run"):
            folder.chmod(0o777 & ~int(umask, 8))  # as an earlier agent has left it
        node.prefix = ("sh", "-c", f'umask {umask}; exec "$@"', "sh")
        try:
            serve(farm)
            modes = made(node)
            passed = 0o711 if umask == "077" else 0o755
            assert (modes.pop("."), modes.pop("run"), modes.pop("run/agent.sock")) == (passed, passed, 0o660)
            assert [oct(modes.pop(secret) & 0o077) for secret in SECRETS] == ["0o0"] * len(SECRETS)
            assert {oct(modes.pop(path)) for path in [*modes] if path.endswith(".ulog")} == {"0o600"}
            assert {path: oct(mode) for path, mode in modes.items() if mode & 0o022} == {}
            module = {path: oct(mode) for path, mode in modes.items() if path.startswith("modules")}
            assert {path: mode for path, mode in module.items() if mode not in ("0o755", "0o644")} == {}
            if os.geteuid() == 0:  # else nobody can become somebody else
                group = (node.home / "var" / "run" / "agent.sock").stat().st_gid
                assert connected(node, group) == ""
                assert connected(node, NOBODY) == "Permission denied"
            said = (node.home / "var" / "modules" / "farm" / "var" / "umask").read_text()
            assert int(said, 8) == int(umask, 8)  # scripts have what the agent was started with
        finally:
            node.power_off()


def serve(farm: RealFarm) -> None:
    """One agent with a module that has run its start script."""
    node = farm.nodes[0]
    node.start_agent()
    farm.form_cluster()
    start = FILES["bin/start_both"] + b'umask > "$SAFEUSERVAR/umask"\n'
    farm.apply(scripts={"bin/start_both": start})
    node.order("start")
    until(node.green, 60, "green")
