"""What is wrong with a module being edited, sorted to the fields where it is wrong."""

from collections.abc import Collection
from dataclasses import dataclass

from app.viewmodels.module_edits import plain, procs
from app.viewmodels.module_elements import fields, title
from app.viewmodels.module_fields import (
    FieldSpec,
    Tab,
    page_fields,
    process_fields,
    tab_of,
    tab_title,
)
from app.viewmodels.text import said, tr
from nodeagent.contract.config import ClusterConfig, ModuleConfig, ProcRule
from nodeagent.contract.config_rules import rule_at
from nodeagent.contract.errors import Problem, Severity
from nodeagent.contract.macros import undefined
from nodeagent.contract.module_xml import read_module
from nodeagent.contract.rule import ElementRule
from nodeagent.contract.xml_source import Document

LANS = "lans"
"""Stands for the check boxes of the lans where a problem names an attribute."""


@dataclass(frozen=True)
class FieldProblem:
    """One finding. `attribute` is "" when it is about an element; `tab` None when no tab shows the place."""

    severity: Severity
    text: str
    line: int
    path: str
    attribute: str
    tab: Tab | None
    where: str
    """The way to it in words: `Processes, proc.httpd, At least`."""


def look(
    module: str, data: bytes, document: Document | None, cluster: ClusterConfig | None, nodes: Collection[str]
) -> tuple[ModuleConfig | None, tuple[FieldProblem, ...]]:
    """The configuration, None while there are errors, and all findings in the order of the file.

    A macro that only a node's environment can know is a warning here: the check on the nodes tells.
    """
    config, found = read_module(module, data, nodes=nodes, cluster=cluster)
    unknown = {name: problem for problem in found if (name := _undefined(problem))}
    if unknown:  # read on as a node would: the rest of the file may still be right or wrong
        config, found = read_module(
            module, data, environment={name: name for name in unknown}, nodes=nodes, cluster=cluster
        )
        found = sorted([*found, *map(_softened, unknown, unknown.values())], key=lambda problem: problem.line)
    return config, tuple(_placed(problem, document) for problem in found)


def _undefined(problem: Problem) -> str:
    """The macro that a problem says is not defined, empty when it says something else."""
    name = problem.text.split("%")[1] if problem.text.startswith("%") and problem.text.count("%") > 1 else ""
    return name if name and problem.text == undefined(name) else ""


def _softened(name: str, problem: Problem) -> Problem:
    text = tr("%{name}% is not defined in this file: the check asks each node for it", name=name)
    return Problem(Severity.WARNING, text, problem.file, problem.line, problem.path)


def _placed(problem: Problem, document: Document | None) -> FieldProblem:
    path, _, attribute = plain(problem.path).partition("/@")
    if document is not None and not attribute:
        attribute = _missing(document, path)
    tab = tab_of(path)
    if tab is Tab.GENERAL and path.startswith("safe/service/farm"):
        attribute = LANS
    return FieldProblem(
        problem.severity,
        said(problem.text),
        problem.line,
        path,
        attribute,
        tab,
        _where(document, tab, path, attribute, problem.line),
    )


def _missing(document: Document, path: str) -> str:
    """A problem of an element that lacks an attribute is shown at the field of that attribute."""
    rule = rule_at(path)
    if not isinstance(rule, ElementRule):
        return ""
    return next(
        (known.name for known in rule.attributes if known.required and document.attribute(path, known.name) is None), ""
    )


def _where(document: Document | None, tab: Tab | None, path: str, attribute: str, line: int) -> str:
    if tab is None:
        return tr("Line {line}", line=line) if line else tr("The whole file")
    parts = [tab_title(tab)]
    if document is not None and "/proc" in path:
        parts.append(process_title(document, path))
    elif document is not None and (name := title(path, document)):
        parts.append(name)
    if label := field_label(path, attribute):
        parts.append(label)
    elif not attribute or attribute not in {LANS}:
        parts.append(tr("line {line}", line=line))
    return ", ".join(parts)


def process_title(document: Document, path: str) -> str:
    """Its resource, as `proc.httpd` or `proc.java#2`; the number when the process has no name yet."""
    number = int(path.rpartition("[")[2].removesuffix("]")) if path.endswith("]") else 1
    listed = procs(document)
    name = listed[number - 1].get("name", "") if number <= len(listed) else ""
    if not name:
        return tr("process {number}", number=number)
    turn = sum(proc.get("name") == name for proc in listed[:number])
    return f"proc.{ProcRule(name, '', number=turn).key}"


def field_label(path: str, attribute: str) -> str:
    """What the form calls an attribute, "" when it has no field."""
    if attribute == LANS:
        return tr("Heartbeats over")
    specs: tuple[FieldSpec, ...] = process_fields() if "/proc" in path else ()
    tab = tab_of(path)
    if tab is not None:
        specs += tuple(spec for place, spec in page_fields(tab) if place == path)
    specs += tuple(spec for place, spec in fields(path.removesuffix("/to")) if place == path)
    return next((spec.label for spec in specs if spec.attribute == attribute), "")
