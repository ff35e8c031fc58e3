from pathlib import Path

import pytest
from lxml import etree

from nodeagent.contract.config_rules import FILES, rule_at, walk
from nodeagent.contract.rule import AttributeRule, ElementRule
from nodeagent.contract.xsd import xsd
from tests.contract.generated import ROOT, generated
from tests.contract.odd_files import FULL, USUAL


@pytest.mark.parametrize("path", generated(), ids=str)
def test_what_the_rule_table_makes_is_up_to_date(path: Path) -> None:
    written = (ROOT / path).read_bytes().replace(b"\r\n", b"\n")
    assert written == generated()[path], f"write it anew: python {__file__.replace('test_generated', 'generated')}"


def _valid(file: str, data: bytes) -> bool:
    schema = etree.XMLSchema(etree.fromstring(xsd(FILES[file])))
    return schema.validate(etree.fromstring(data))


CLUSTER = b"""<cluster><lans port="4800" pulse="1m30s" mlost_count="20">
<lan name="a" command="on" console="on"><node name="x" addr="10.0.0.1" laddr="10.0.0.2"/></lan></lans></cluster>"""


def test_good_files_are_valid() -> None:
    assert _valid("cluster.xml", CLUSTER)
    assert _valid("userconfig.xml", USUAL)
    assert _valid("userconfig.xml", FULL)
    assert _valid("userconfig.xml", USUAL.replace(b'maxloop="3"', b'maxloop="%LOOPS%"'))


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("cluster.xml", b'port="4800"', b'port="48000000"'),
        ("cluster.xml", b'pulse="1m30s"', b'pulse="soon"'),
        ("cluster.xml", b'port="4800"', b'port="%PORT%"'),
        ("cluster.xml", b'name="x"', b'name="x y"'),
        ("cluster.xml", b' name="x"', b""),
        ("cluster.xml", b"<lan ", b"<nothing/><lan "),
        ("userconfig.xml", b'mode="farm"', b'mode="frm"'),
        ("userconfig.xml", b' mode="farm"', b""),
        ("userconfig.xml", b'atleast="1"', b'atleast="one"'),
        ("userconfig.xml", b'class="both"', b""),
        ("userconfig.xml", b'logging="userlog"', b'loging="userlog"'),
        ("userconfig.xml", b"<farm>", b"stray<farm>"),
        ("userconfig.xml", b"</service>", b"</service><service mode='farm'/>"),
    ],
)
def test_bad_files_are_not_valid(file: str, old: bytes, new: bytes) -> None:
    data = CLUSTER if file == "cluster.xml" else USUAL
    assert old in data
    assert not _valid(file, data.replace(old, new))


def _attributes() -> list[tuple[str, AttributeRule]]:
    found = [pair for root in FILES.values() for pair in walk(root)]
    return [(f"{path}/@{rule.name}", rule) for path, element in found for rule in element.attributes]


def test_every_default_is_allowed_and_every_line_of_help_is_one_sentence() -> None:
    for path, rule in _attributes():
        assert rule.type.words, path
        assert rule.help.endswith((".", ";")) or rule.help.partition("default ")[1], path
        assert "\n" not in rule.help
        assert not (rule.required and rule.default), path
        if rule.default:
            rule.type.parse(rule.default)


def test_a_rule_is_found_by_the_path_of_a_problem() -> None:
    assert all(rule_at(path) is rule for path, rule in _attributes())
    found = rule_at("safe/service/errd/proc[2]/@class")
    assert isinstance(found, AttributeRule)
    assert found.required
    assert isinstance(rule_at("safe/service/vip"), ElementRule)
    assert rule_at("safe/nothing/@x") is None
    assert rule_at("nothing") is None
