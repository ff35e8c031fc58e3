"""From "run this" to everything a process of a module needs: program, directory, environment, output."""

import errno
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from nodeagent.contract.arguments import words_of
from nodeagent.contract.config import CheckerRule, UserScripts
from nodeagent.contract.module_files import WINDOWS_SUFFIXES
from nodeagent.core.effects import RunCheckers, RunHandler, RunScript
from nodeagent.engine.ports import CheckerJob, CommittedModule, ScriptJob
from nodeagent.home import Home


@dataclass(frozen=True, slots=True)
class NodeFacts:
    """What scripts have of the node: its name, its address on the command lan, their umask as in ScriptJob."""

    name: str
    address: str = ""
    umask: int = -1


def script_job(effect: RunScript | RunHandler, module: CommittedModule, home: Home, node: NodeFacts) -> ScriptJob:
    """The job of an effect; `module` is the revision the effect names. Makes SAFEUSERVAR when it is missing."""
    if isinstance(effect, RunScript):
        name, executable = str(effect.script), module.executables.get(effect.script)
    else:
        executable = module_program(effect.executable, module, home)
        name = executable.name
    return _job(name, executable, effect.run, effect.args, module, home, node)


def checker_jobs(effect: RunCheckers, module: CommittedModule, home: Home, node: NodeFacts) -> tuple[CheckerJob, ...]:
    """The jobs of an effect; only a `custom` checker is a program of the module. Raises OSError."""
    return tuple(
        CheckerJob(
            rule,
            _job(
                f"custom_{rule.ident}",
                module_program(rule.param("exec"), module, home),
                rule.key,
                _arguments(rule),
                module,
                home,
                node,
            )
            if rule.kind == "custom"
            else None,
        )
        for rule in effect.checkers
    )


def _arguments(rule: CheckerRule) -> tuple[str, ...]:
    try:
        return words_of(rule.param("arg"), windows=sys.platform == "win32")
    except ValueError as error:  # written for the other kind of system: the check lets it pass
        raise OSError(errno.EINVAL, f"arg of {rule.key} cannot be read here: {error}") from None


def module_program(name: str, module: CommittedModule, home: Home) -> Path:
    """A program that the configuration names: one of the module's `bin/` first, else a path or a command."""
    own = home.revision(module.config.name, module.revision) / "bin"
    suffixes = ("", *WINDOWS_SUFFIXES) if sys.platform == "win32" else ("", ".sh")
    return next((path for suffix in suffixes if (path := own / f"{name}{suffix}").is_file()), Path(name))


def _job(
    name: str,
    executable: Path | None,
    run: str,
    args: tuple[str, ...],
    module: CommittedModule,
    home: Home,
    node: NodeFacts,
) -> ScriptJob:
    config = module.config
    user = config.user or UserScripts()
    cwd = home.user_var(config.name)
    cwd.mkdir(parents=True, exist_ok=True)
    return ScriptJob(
        module=config.name,
        run=run,
        script=name,
        executable=executable,
        args=args,
        cwd=cwd,
        env=script_environment(run, module, home, node, os.environ),
        output_dir=home.user_log(config.name),
        output_cap=user.userlogsize * 1024,
        keep_output=user.logging,
        umask=node.umask,
    )


def script_environment(
    run: str, module: CommittedModule, home: Home, node: NodeFacts, inherited: Mapping[str, str]
) -> dict[str, str]:
    """The agent's own environment, the module's `<var>`s over it, and over both what no module may change."""
    name = module.config.name
    revision = home.revision(name, module.revision)
    environment = {**inherited, **dict(module.config.variables)}
    path = environment.get("PATH", os.defpath)
    return environment | {
        "SAFE": str(home.safe),
        "SAFEBIN": str(home.bin),
        "SAFEVAR": str(home.var),
        "SAFEMODULE": name,
        "SAFEUSERBIN": str(revision / "bin"),
        "SAFEUSERCONF": str(revision / "conf"),
        "SAFEUSERVAR": str(home.user_var(name)),
        "SAFENODE": node.name,
        "SAFENODEADDR": node.address,
        "KEEPGREEN_HOME": str(home.safe),
        "KEEPGREEN_RUN": f"{name}/{run}",
        "PATH": os.pathsep.join((str(home.bin), path)),
    }
