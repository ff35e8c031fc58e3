"""All problems of a file that cannot be read, in place of the first one."""

from collections.abc import Mapping

from nodeagent.contract.config_check import Check
from nodeagent.contract.errors import Problem, Severity
from nodeagent.contract.macros import expand
from nodeagent.contract.rule import ElementRule
from nodeagent.contract.xml_mend import Mended, mend
from nodeagent.contract.xml_reader import XmlFile
from nodeagent.contract.xml_scan import NotXml


def refusal(error: NotXml, file: str) -> list[Problem]:
    """Every mistake of the XML in the order of the file, or the one reason why it is not looked at."""
    return _problems(error, mend(error.source), file)


def refusal_with_rest(
    error: NotXml, file: str, rule: ElementRule, environment: Mapping[str, str] | None = None
) -> list[Problem]:
    """The same, and what the rule table says of all elements without such a mistake, when it is evident what was meant.

    Rules about several elements together wait until the file can be read. `environment` serves its macros; None = it
    has none.
    """
    mended = mend(error.source)
    problems = _problems(error, mended, file)
    xml = XmlFile.mended(mended, file)
    known = xml is not None and xml.root.tag == rule.name
    if xml is not None and known and all(element.tag != "macro" for element in xml.damaged):
        Check(xml, None if environment is None else expand(xml, environment)).root(rule)
        problems += xml.problems
    return sorted(problems, key=lambda problem: problem.line)


def _problems(error: NotXml, mended: Mended, file: str) -> list[Problem]:
    problems = [
        Problem(Severity.ERROR, f"column {said.column}: {said.text}", file, said.line) for said in mended.mistakes
    ]
    if not problems or error.line < problems[0].line:  # what expat refuses first is told in any case
        return [Problem(Severity.ERROR, error.text, file, error.line), *problems]
    return problems
