from typing import Any

import pytest

from nodeagent.adapters.processes.matching import Pattern
from nodeagent.contract.config import ProcRule


def accepts(names: tuple[str, ...], args: str = "", *, windows: bool = False, **rule: Any) -> bool:
    pattern = Pattern(ProcRule(**{"name": "web", "proc_class": "both"} | rule), windows=windows)
    return pattern.accepts(names, lambda: args)


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
    pattern = Pattern(ProcRule(name="web", proc_class="both", argregex="x"), windows=False)
    asked: list[str] = []

    def command_line() -> str:
        asked.append("asked")
        return "x"

    assert not pattern.accepts(("other",), command_line)
    assert asked == []
    assert pattern.accepts(("web",), command_line)
    assert asked == ["asked"]
