"""Every sentence of the console is in every catalogue, with the same places for values."""

import ast
import json
import re
import string
from pathlib import Path

import pytest

from app.viewmodels.module_edits import proc_path
from app.viewmodels.module_elements import Listing, fields, rows, sentence
from app.viewmodels.module_fields import Tab, page_fields, process_fields
from app.viewmodels.said_patterns import PATTERNS, pattern_of
from nodeagent.contract.config_rules import FILES, rule_at, walk
from nodeagent.contract.rule import AttributeRule
from nodeagent.contract.rule_grammar import EXAMPLE
from nodeagent.contract.xml_source import Document
from nodeagent.core.phases import IDLE, REFUSED, RUNS_WITHOUT
from tests.app.viewmodels.modules import FULL

ROOT = Path(__file__).parents[3]
FRENCH = json.loads((ROOT / "resources/i18n/fr.json").read_text("utf-8"))
KEYS_OF = {"tr": 1, "trn": 2}
"""Function → how many of its first arguments are keys."""


def calls() -> list[tuple[str, ast.Call]]:
    found = []
    for path in sorted((ROOT / "app").rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
                if (name in KEYS_OF and path.name != "text.py") or (name in KEYS_OF and not _inner(node)):
                    found.append((f"{path.relative_to(ROOT)}:{node.lineno}", node))
    return found


def _inner(call: ast.Call) -> bool:
    """text.py's own hand-over in `trn`."""
    return isinstance(call.args[0], ast.IfExp)


def literals(call: ast.Call) -> list[str | None]:
    name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
    return [
        one.value if isinstance(one, ast.Constant) and isinstance(one.value, str) else None
        for one in call.args[: KEYS_OF[name]]
    ]


def used() -> dict[str, str]:
    """key → where it is used first."""
    keys: dict[str, str] = {}
    for place, call in calls():
        for key in literals(call):
            if key is not None:
                keys.setdefault(key, place)
    return keys


def listed() -> list[str]:
    """An element of each kind that a list of the form shows."""
    document = Document(FULL.encode())
    return [row.path for listing in Listing for row in rows(document, listing)]


def shown_rules() -> list[AttributeRule]:
    """The rules whose help and limits a form shows."""
    places = [place for tab in Tab for place in page_fields(tab)] + [(proc_path(1), spec) for spec in process_fields()]
    places += [place for path in listed() for place in fields(path)]
    rules = [rule_at(f"{path}/@{spec.attribute}") for path, spec in places]
    assert len(rules) > 15
    return [rule for rule in rules if isinstance(rule, AttributeRule)]


def checked_rules() -> list[AttributeRule]:
    """The rules of what the forms show: a sentence about a value there names what is allowed."""
    shown = {id(rule): rule for rule in shown_rules()}
    cluster = (rule for _, element in walk(FILES["cluster.xml"]) for rule in element.attributes)
    return list((shown | {id(rule): rule for rule in cluster}).values())


def fixed_phrases() -> set[str]:
    """What the agent and the checks say in always the same words, or in words of one shape."""
    helps = {rule.help for rule in shown_rules()} | {sentence(path) for path in listed()}
    allowed = {rule.type.words for rule in checked_rules() if pattern_of(rule.type.words) is None}
    unused = {rule.unused for root in FILES.values() for _, one in walk(root) for rule in one.attributes if rule.unused}
    return {*REFUSED.values(), RUNS_WITHOUT, *IDLE.values(), *PATTERNS, *helps, *allowed, *unused}


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_keys_are_written_out_where_they_are_used() -> None:
    assert [place for place, call in calls() if None in literals(call)] == []


def at_import(tree: ast.AST) -> list[int]:
    """The lines of calls that run when the module is imported."""
    found: list[int] = []
    waiting = [tree]
    while waiting:
        for node in ast.iter_child_nodes(waiting.pop()):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                continue
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in KEYS_OF:
                found.append(node.lineno)
            waiting.append(node)
    return found


def test_no_sentence_is_chosen_before_the_language_is() -> None:
    early = {str(path): at_import(ast.parse(path.read_text("utf-8"))) for path in (ROOT / "app").rglob("*.py")}
    assert {path: lines for path, lines in early.items() if lines} == {}


def test_every_sentence_is_in_french() -> None:
    missing = {place: key for key, place in used().items() if key not in FRENCH}
    missing |= {f"agent: {key}": key for key in fixed_phrases() if key not in FRENCH}
    assert missing == {}


def test_nothing_is_translated_that_nobody_says() -> None:
    known = used().keys() | fixed_phrases()
    assert [key for key in FRENCH if key not in known and not key.startswith("agent: ")] == []


@pytest.mark.parametrize("key", sorted(FRENCH))
def test_values_have_the_same_places(key: str) -> None:
    if "{" in key:
        assert places(key) == places(FRENCH[key])


def test_french_typography() -> None:
    code = rf"&#?\w+;|<\?xml [^>]*>|<!--|<!\[CDATA\[|<[!?](?= )|\?>|tcp\.\?|{re.escape(EXAMPLE)}"
    texts = [re.sub(code, "", text) for text in FRENCH.values()]
    wrong = [text for text in texts if re.search(r"(?<![\d\u00a0\u202f;])[;!?»](?![\w;])|[«](?!\u00a0)|'|\.\.\.", text)]
    wrong += [text for text in texts if re.search(r"(?<=[^\W\d]|\x20):(?=\s|$)", text)]
    assert wrong == []
