"""Which test covers which line of the specification: a page made from the marks of the tests.

`@pytest.mark.covers("proc@atleast", …)` stands on a test that fails when that line is broken; an id may hold `*`
for all that match. With `read_only=True` the test only shows that the line is read and kept.
`python tests/coverage_map.py` writes docs/reference/tests.md anew; no test is run for it.
"""

import ast
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))

from tests.promises import Promise, all_promises, sections  # noqa: E402

PAGE = Path("docs/reference/tests.md")
MARK = "pytest.mark.covers"
MISSING, READ_ONLY = "**MISSING**", "*read only:*"

_HEAD = """\
# What the tests cover

<!-- Generated from the marks of the tests by `python tests/coverage_map.py`; do not edit. -->

Every line of the specification's tables with the tests that fail when it is broken; paths are below `tests/`.
*Read only* is what is read and kept but has no effect in this product. That every attribute of both files is read is
shown by `contract/test_every_attribute.py` besides. A line that nothing covers would say **MISSING**, and fail.

"""


@dataclass(frozen=True, slots=True)
class Mark:
    """One mark of one test: the ids or patterns it names."""

    test: str
    names: tuple[str, ...]
    read_only: bool


@dataclass(slots=True)
class Coverage:
    """The tests of every promise, in the order of their names."""

    behaviour: dict[str, list[str]] = field(default_factory=dict)
    read_only: dict[str, list[str]] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)
    """Names in marks that match no promise, each with its test."""

    def state(self, id: str) -> str:
        """`behaviour`, `read only` or `missing`."""
        return "behaviour" if id in self.behaviour else "read only" if id in self.read_only else "missing"


def marks(tests: Path) -> Iterator[Mark]:
    """All marks of the test files below a directory. Raises ValueError for one that cannot be read."""
    for file in sorted(tests.rglob("test_*.py")):
        source = file.read_bytes()
        if MARK.encode() not in source:
            continue
        tree = ast.parse(source, str(file))
        place = file.relative_to(tests).as_posix()
        found = {call: name for name, function in _functions(tree) for call in _decorating(function)}
        for call in _calls(tree):
            name = found.get(call, "")
            if not name.rpartition("::")[2].startswith("test_"):
                raise ValueError(f"{place}:{call.lineno}: {MARK} stands on a test, not elsewhere")
            try:
                names = tuple(ast.literal_eval(argument) for argument in call.args)
                words = {word.arg: ast.literal_eval(word.value) for word in call.keywords}
            except ValueError:
                raise ValueError(f"{place}:{call.lineno}: {MARK} takes literals only") from None
            if not names or words.keys() - {"read_only"}:
                raise ValueError(f"{place}:{call.lineno}: {MARK} takes ids and read_only")
            yield Mark(f"{place}::{name}", names, bool(words.get("read_only")))


def _functions(tree: ast.AST, inside: str = "") -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """Every function with its name as pytest says it, those in classes and under conditions too."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{inside}{node.name}", node
        elif isinstance(node, ast.ClassDef):
            yield from _functions(node, f"{inside}{node.name}::")
        else:
            yield from _functions(node, inside)


def _decorating(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[ast.Call]:
    for decorator in function.decorator_list:
        yield from _calls(decorator)


def _calls(tree: ast.AST) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _is_mark(node.func):
            yield node


def _is_mark(called: ast.expr) -> bool:
    return isinstance(called, ast.Attribute) and called.attr == "covers" and ast.unparse(called) == MARK


def coverage(promises: Mapping[str, Promise], tests: Path = ROOT / "tests") -> Coverage:
    """Which of the promises the tests below a directory cover."""
    result = Coverage()
    for mark in marks(tests):
        kind = result.read_only if mark.read_only else result.behaviour
        for name in mark.names:
            pattern = re.compile(".*".join(map(re.escape, name.split("*"))))
            covered = [id for id in promises if pattern.fullmatch(id)]
            if not covered:
                result.unknown.append(f"{name} ({mark.test})")
            for id in covered:
                if mark.test not in kind.setdefault(id, []):
                    kind[id].append(mark.test)
    return result


def page() -> str:
    """docs/reference/tests.md."""
    covered = coverage(all_promises())
    lines = [_HEAD]
    for section in sections():
        states = [covered.state(promise.id) for promise in section.promises]
        missing = f", {states.count('missing')} missing" if "missing" in states else ""
        kept = f", {states.count('read only')} read only" if "read only" in states else ""
        lines.append(f"## {section.title}\n\n{len(states)} lines{kept}{missing}.\n\n| | | tests |\n|---|---|---|\n")
        lines += [f"| `{_cell(p.id)}` | {_cell(p.says)} | {_tests(p.id, covered)} |\n" for p in section.promises]
        lines.append("\n")
    return "".join(lines).rstrip("\n") + "\n"


def _tests(id: str, covered: Coverage) -> str:
    tests = covered.behaviour.get(id) or covered.read_only.get(id)
    if not tests:
        return MISSING
    names = "<br>".join(f"`{test}`" for test in tests)
    return names if id in covered.behaviour else f"{READ_ONLY} {names}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    (ROOT / PAGE).write_text(page(), encoding="utf-8", newline="\n")
    covered = coverage(all_promises())
    for id in all_promises():
        if covered.state(id) == "missing":
            print(f"missing: {id}", file=sys.stderr)
    for name in covered.unknown:
        print(f"unknown: {name}", file=sys.stderr)
