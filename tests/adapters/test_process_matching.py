from typing import Any

import pytest

from nodeagent.adapters.processes.matching import Patterns
from nodeagent.contract.config import ProcRule


def accepts(names: tuple[str, ...], args: str = "", *, windows: bool = False, **rule: Any) -> bool:
    wanted = ProcRule(**{"name": "web", "proc_class": "both"} | rule)
    return wanted.name in Patterns([wanted], windows=windows).meaning(names, lambda: args)


@pytest.mark.covers("proc@name", "proc@nameregex", "proc@argregex")
@pytest.mark.parametrize(
    ("names", "args", "windows", "rule", "meant"),
    [
        (("web",), "", False, {}, True),
        (("python3", "web"), "", False, {}, True),
        (("webserver",), "", False, {}, False),
        (("Web",), "", False, {}, False),
        (("web.exe",), "", False, {}, False),
        (("WEB.EXE",), "", True, {}, True),
        (("Web",), "", True, {"name": "web.exe"}, True),
        (("webx.exe",), "", True, {}, False),
        (("worker3",), "", False, {"nameregex": r"^worker\d$"}, True),
        (("web",), "", False, {"nameregex": r"^worker\d$"}, False),
        (("Worker3.exe",), "", True, {"nameregex": r"^worker\d"}, True),
        (("web",), "web --port 80", False, {"argregex": r"--port 80\b"}, True),
        (("web",), "web --port 8080", False, {"argregex": r"--port 80\b"}, False),
        (("other",), "web --port 80", False, {"argregex": "port"}, False),
        (("other",), "other -D web", False, {"nameregex": "^o", "argregex": "-D web$"}, True),
    ],
)
def test_which_programs_a_rule_means(
    names: tuple[str, ...], args: str, windows: bool, rule: dict[str, str], meant: bool
) -> None:
    assert accepts(names, args, windows=windows, **rule) is meant


def test_the_command_line_is_read_only_of_programs_with_the_right_name() -> None:
    patterns = Patterns([ProcRule(name="web", proc_class="both", argregex="x")], windows=False)
    asked: list[str] = []

    def command_line() -> str:
        asked.append("asked")
        return "x"

    assert patterns.meaning(("other",), command_line) == frozenset()
    assert asked == []
    assert patterns.meaning(("web",), command_line) == {"web"}
    assert asked == ["asked"]


def test_a_program_can_be_meant_by_several_rules_and_never_by_a_service() -> None:
    rules = [
        ProcRule(name="web", proc_class="both"),
        ProcRule(name="any", proc_class="both", nameregex="."),
        ProcRule(name="app", proc_class="both", service=True),
    ]
    assert Patterns(rules, windows=False).meaning(("web", "app"), str) == {"web", "any"}
    assert not Patterns(rules[2:], windows=False)
