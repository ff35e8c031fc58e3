"""How an agent in the foreground says that it cannot begin."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from nodeagent.adapters.config_store import ConfigStore
from nodeagent.home import Home


@pytest.mark.parametrize("users", [b"no json", b'{"users": "\xff"}', b'{"users": [{"name": "a b"}]}'])
def test_a_damaged_user_table_is_one_sentence(tmp_path: Path, users: bytes) -> None:
    ConfigStore.open(Home(tmp_path, tmp_path / "var")).cluster.set_users(users)
    done = subprocess.run(
        [sys.executable, "-m", "nodeagent", "agent", "run"],
        env={**os.environ, "KEEPGREEN_HOME": str(tmp_path)},
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (65, "", 1), done.stderr
    assert done.stderr.startswith(f"{tmp_path / 'var' / 'cluster' / 'node.json'}: the user table is damaged: ")


SERVE = """
import gc
import sys
from pathlib import Path

from nodeagent.home import Home
from nodeagent.host.foreground import run_agent

async def serve(agent):
    print(gc.get_freeze_count() > 10_000, len(gc.get_objects()) < 1_000)

sys.exit(run_agent(Home(Path(sys.argv[1]), Path(sys.argv[1]) / "var"), serve, print))
"""


def test_looks_for_garbage_leave_the_agents_code_alone(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SERVE, str(tmp_path)], check=False, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "True True\n", "")
