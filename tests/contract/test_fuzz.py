"""Nothing that a file can hold makes the readers raise, hang or contradict themselves."""

import contextlib
import time

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from lxml import etree

from nodeagent.contract.cluster_xml import read_cluster
from nodeagent.contract.config_rules import FILES, walk
from nodeagent.contract.errors import errors_of
from nodeagent.contract.module_xml import expand_module, read_module
from nodeagent.contract.rule import AttributeRule, ElementRule
from nodeagent.contract.xml_reader import MAX_PROBLEMS
from nodeagent.contract.xsd import xsd
from tests.contract.bad_files import CLUSTERS, MODULES, NOT_READABLE
from tests.contract.odd_files import FULL, USUAL

SEEDS = [USUAL, FULL, *(bad.data for bad in NOT_READABLE + CLUSTERS + MODULES if len(bad.data) < 3000)]
RULES = [rule for root in FILES.values() for _, rule in walk(root)]
ELEMENTS = sorted({rule.name for rule in RULES})
ATTRIBUTES = sorted({attribute.name for rule in RULES for attribute in rule.attributes})
VALUES = [
    "",
    "0",
    "1",
    "-1",
    "on",
    "off",
    "farm",
    "light",
    "10s",
    "both",
    "%A%",
    "10.0.0.1",
    "::1",
    "default",
    "a b",
    "*",
    "(",
]


def _read_both(data: bytes) -> None:
    for config, problems in (read_cluster(data), read_module("m", data, environment={"A": "1"}, lan_names=["default"])):
        assert (config is None) == bool(errors_of(problems))
        assert len(problems) <= 3 * MAX_PROBLEMS
        for problem in problems:
            assert "\n" not in str(problem)
            assert "Traceback" not in problem.text
    expanded, problems = expand_module(data)
    assert bool(expanded) != bool(errors_of(problems))


@given(st.binary(max_size=300))
def test_any_bytes(data: bytes) -> None:
    _read_both(data)


@given(
    st.sampled_from(SEEDS),
    st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 30), st.binary(max_size=12)), max_size=4),
)
@example(b"<safe>\xef\xbf\xbf</safe>", [])
@example(b'<safe xmlns="x:y"/>', [])
@example(b'<cluster xmlns:a="relative"><a:lans/></cluster>', [])
@example(b'<safe xml:id="1 1" xml:base="::"/>', [])
def test_damaged_files(data: bytes, cuts: list[tuple[int, int, bytes]]) -> None:
    for start, length, new in cuts:
        data = data[:start] + new + data[start + length :]
    _read_both(data)


def _text(name: str, attributes: dict[str, str], children: list[str], text: str) -> str:
    tag = etree.tostring(etree.Element(name, attributes), encoding="unicode").removesuffix("/>")
    return f"{tag}>{text}{''.join(children)}</{name}>"


ATTRIBUTE_SETS = st.dictionaries(st.sampled_from(ATTRIBUTES), st.sampled_from(VALUES), max_size=4)
TREES = st.recursive(
    st.builds(_text, st.sampled_from(ELEMENTS), ATTRIBUTE_SETS, st.just([]), st.sampled_from(["", "x", "%B%"])),
    lambda inner: st.builds(
        _text, st.sampled_from(ELEMENTS), ATTRIBUTE_SETS, st.lists(inner, max_size=4), st.sampled_from(["", "x"])
    ),
    max_leaves=12,
)


@given(TREES)
def test_any_mixture_of_known_words(tree: str) -> None:
    _read_both(tree.encode())
    _read_both(f'<safe><service mode="light"><user/>{tree}</service></safe>'.encode())
    _read_both(f"<cluster><lans>{tree}</lans></cluster>".encode())


POOL = [*VALUES, "2", "7", "90m", "n1", "n2", "n3", "alias", "tcp", "on_addr", "vmac_directed", "5A:FE:0A:00:00:6B"]
POOL += [
    "fd00::2",
    "host.example",
    "10.0.0.2",
    "255.255.255.0",
    "http://x/",
    "200,204",
    "restart",
    "noaction",
    "wait",
    "8080",
]


def _allowed(attribute: AttributeRule) -> list[str]:
    found = []
    for value in POOL + [word for facet, word in attribute.type.schema()[1] if facet == "enumeration"]:
        with contextlib.suppress(ValueError):
            attribute.type.parse(value)
            found.append(value)
    return found


ALLOWED = {id(attribute): _allowed(attribute) for rule in RULES for attribute in rule.attributes}


@st.composite
def _by_rule(draw: st.DrawFn, rule: ElementRule) -> str:
    attributes = {
        attribute.name: draw(st.sampled_from(ALLOWED[id(attribute)]))
        for attribute in rule.attributes
        if (attribute.required or draw(st.integers(0, 3)) == 0) and not attribute.same_as
    }
    children = [
        draw(_by_rule(child))
        for child in rule.children
        for _ in range(draw(st.integers(child.least, max(1, child.least))))
    ]
    return _text(rule.name, attributes, children, "")


SCHEMAS = {root.name: etree.XMLSchema(etree.fromstring(xsd(root))) for root in FILES.values()}


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(sorted(FILES)).flatmap(lambda file: _by_rule(FILES[file])))
def test_a_file_without_errors_is_valid_by_the_schema(text: str) -> None:
    data = text.encode()
    _read_both(data)
    is_cluster = text.startswith("<cluster")
    config, _ = read_cluster(data) if is_cluster else read_module("m", data, environment={"A": "1"})
    # Too many refused files would fail this test.
    assume(config is not None)
    SCHEMAS["cluster" if is_cluster else "safe"].assertValid(etree.fromstring(data))


HOSTILE = {
    "unknown elements": b"<safe><service mode='light'>" + b"<procc/>" * 9_900 + b"</service></safe>",
    "unknown attributes": b"<safe " + b" ".join(b"nam%d='1'" % i for i in range(9_900)) + b"/>",
    "one long value": b"<safe><service mode='" + b"f" * 4_000_000 + b"'/></safe>",
    "blank lines": b"<safe>" + b"\n" * 4_000_000 + b"<service mode='light'/></safe>",
    "long comment": b"<safe><!--" + b"x" * 4_000_000 + b"--></safe>",
    "percents": b"<safe><service mode='light'><var name='x' value='" + b"%A" * 1_900_000 + b"'/></service></safe>",
    "unknown macros": b"<safe><service mode='light'><var name='x' value='"
    + b"".join(b"%%a%d%%" % i for i in range(400_000))
    + b"'/></service></safe>",
    "bad elements": b"<safe><service mode='light'><user/><errd>" + b"<proc/>\n" * 9_000 + b"</errd></service></safe>",
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_file_of_the_largest_size_takes_bounded_time(data: bytes) -> None:
    begin = time.monotonic()
    _read_both(data)
    assert time.monotonic() - begin < 30
