import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from nodeagent.adapters.script_jobs import NodeFacts, checker_jobs, script_environment, script_job
from nodeagent.contract.config import CheckerRule, ModuleConfig, UserScripts
from nodeagent.contract.states import Mode, Script
from nodeagent.core.effects import RunCheckers, RunScript
from nodeagent.engine.ports import CommittedModule
from nodeagent.home import Home

EFFECT = RunScript("shop", "17", Script.START_BOTH, ("STOP", "UP", "start"), 4)
NODE = NodeFacts("n1", "127.0.3.1")


def committed(user: UserScripts | None, variables: Mapping[str, str] | None = None) -> CommittedModule:
    config = ModuleConfig("shop", Mode.FARM, user=user, variables=tuple((variables or {}).items()))
    return CommittedModule(config, 4, frozenset({Script.START_BOTH}), {Script.START_BOTH: Path("/x/start_both")})


@pytest.mark.covers("user@logging", "user@userlogsize")
def test_a_job(tmp_path: Path) -> None:
    home = Home(tmp_path / "safe", tmp_path / "var")
    job = script_job(EFFECT, committed(UserScripts(userlogsize=3, logging=False)), home, NODE)
    assert job.executable == Path("/x/start_both")
    assert (job.module, job.run, job.script, job.args) == ("shop", "17", Script.START_BOTH, ("STOP", "UP", "start"))
    assert job.cwd == tmp_path / "var" / "modules" / "shop" / "var"
    assert job.cwd.is_dir()
    assert job.output_dir == tmp_path / "var" / "modules" / "shop" / "userlog"
    assert job.output_cap == 3 * 1024
    assert not job.keep_output
    assert job.env["SAFENODE"] == "n1"


def test_a_script_that_the_module_does_not_bring(tmp_path: Path) -> None:
    effect = RunScript("shop", "18", Script.PRESTART, (), 4)
    job = script_job(effect, committed(None), Home(tmp_path, tmp_path / "var"), NODE)
    assert job.executable is None
    assert job.keep_output
    assert job.output_cap == 2048 * 1024


@pytest.mark.covers("user/var@name", "user/var@value", "service/var@name", "service/var@value")
def test_the_environment() -> None:
    home = Home(Path("/opt/keepgreen"), Path("/var/lib/keepgreen"))
    revision = home.revision("shop", 4)
    module = committed(None, {"SERVICES": "a,b", "SAFE": "mine", "LANG": "C"})
    inherited = {"PATH": "/usr/bin", "LANG": "de_DE", "HOME": "/root"}
    assert script_environment(EFFECT.run, module, home, NODE, inherited) == {
        "HOME": "/root",
        "LANG": "C",
        "SERVICES": "a,b",
        "SAFE": str(home.safe),
        "SAFEBIN": str(home.bin),
        "SAFEVAR": str(home.var),
        "SAFEMODULE": "shop",
        "SAFEUSERBIN": str(revision / "bin"),
        "SAFEUSERCONF": str(revision / "conf"),
        "SAFEUSERVAR": str(home.user_var("shop")),
        "SAFENODE": "n1",
        "SAFENODEADDR": "127.0.3.1",
        "KEEPGREEN_HOME": str(home.safe),
        "KEEPGREEN_RUN": "shop/17",
        "PATH": os.pathsep.join((str(home.bin), "/usr/bin")),
    }


@pytest.mark.covers("custom@arg")
def test_arguments_that_only_the_other_system_can_read_are_an_expected_failure(tmp_path: Path) -> None:
    arg = 'C:"\\' if os.name == "nt" else "C:\\data\\"
    rule = CheckerRule("custom", "own", params=(("exec", "look"), ("arg", arg)))
    with pytest.raises(OSError, match=r"arg of custom\.own cannot be read here: No "):
        checker_jobs(RunCheckers("shop", (rule,), 4), committed(None), Home(tmp_path, tmp_path / "var"), NODE)
