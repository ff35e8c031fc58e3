"""From "run this script" to everything its process needs: program, directory, environment, output."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from nodeagent.contract.config import UserScripts
from nodeagent.core.effects import RunScript
from nodeagent.engine.ports import CommittedModule, ScriptJob
from nodeagent.home import Home


@dataclass(frozen=True, slots=True)
class NodeFacts:
    """What scripts are told of the node: its name, and its address on the command lan."""

    name: str
    address: str = ""


def script_job(effect: RunScript, module: CommittedModule, home: Home, node: NodeFacts) -> ScriptJob:
    """The job of an effect; `module` is the revision the effect names. Makes SAFEUSERVAR when it is missing."""
    user = module.config.user or UserScripts()
    cwd = home.user_var(effect.module)
    cwd.mkdir(parents=True, exist_ok=True)
    return ScriptJob(
        module=effect.module,
        run=effect.run,
        script=effect.script,
        executable=module.executables.get(effect.script),
        args=effect.args,
        cwd=cwd,
        env=script_environment(effect, module, home, node, os.environ),
        output_dir=home.user_log(effect.module),
        output_cap=user.userlogsize * 1024,
        keep_output=user.logging,
    )


def script_environment(
    effect: RunScript, module: CommittedModule, home: Home, node: NodeFacts, inherited: Mapping[str, str]
) -> dict[str, str]:
    """The agent's own environment, the module's `<var>`s over it, and over both what no module may change."""
    revision = home.revision(effect.module, module.revision)
    environment = {**inherited, **dict(module.config.variables)}
    path = environment.get("PATH", os.defpath)
    return environment | {
        "SAFE": str(home.safe),
        "SAFEBIN": str(home.bin),
        "SAFEVAR": str(home.var),
        "SAFEMODULE": effect.module,
        "SAFEUSERBIN": str(revision / "bin"),
        "SAFEUSERCONF": str(revision / "conf"),
        "SAFEUSERVAR": str(home.user_var(effect.module)),
        "SAFENODE": node.name,
        "SAFENODEADDR": node.address,
        "KEEPGREEN_HOME": str(home.safe),
        "KEEPGREEN_RUN": f"{effect.module}/{effect.run}",
        "PATH": os.pathsep.join((str(home.bin), path)),
    }
