import pytest

from nodeagent.contract.cluster_xml import read_cluster
from nodeagent.contract.config import ClusterConfig
from nodeagent.contract.errors import Problem, errors_of
from nodeagent.contract.module_xml import expand_module, read_module
from tests.contract.bad_files import CLUSTERS, MODULES, NOT_READABLE, BadFile

CLUSTER, _ = read_cluster(
    b"""<cluster><lans><lan name="default"><node name="n1" addr="10.0.0.1"/></lan>
    <lan name="private"><node name="n1" addr="10.0.1.1"/></lan></lans></cluster>"""
)


_FLOOD = b"<safe><service mode='light'>" + b"<var/>\n" * 5000 + b"</service></safe>"


def _id(bad: BadFile) -> str:
    return bad.what


def _expect(problems: list[Problem], bad: BadFile, file: str) -> None:
    found = [(problem.line, problem.text) for problem in errors_of(problems)]
    assert len(found) == len(bad.errors), found
    for (line, text), (expected_line, fragment) in zip(found, bad.errors, strict=True):
        assert (line, fragment in text) == (expected_line, True), text
        assert "\n" not in text
        assert len(text) < 400
    assert all(problem.file == file for problem in problems)


def test_there_are_enough_bad_files_and_each_is_one_of_a_kind() -> None:
    everything = NOT_READABLE + CLUSTERS + MODULES
    assert len(everything) >= 40
    assert len({bad.what + bad.data.decode("latin-1") for bad in everything}) == len(everything)


@pytest.mark.parametrize("bad", NOT_READABLE, ids=_id)
def test_what_cannot_be_read_gives_one_sentence(bad: BadFile) -> None:
    config, problems = read_cluster(bad.data, "c.xml")
    assert config is None
    _expect(problems, bad, "c.xml")
    assert read_module("web", bad.data, "u.xml")[0] is None
    _expect(read_module("web", bad.data, "u.xml")[1], bad, "u.xml")
    assert expand_module(bad.data, "u.xml")[0] == b""


@pytest.mark.parametrize("bad", CLUSTERS, ids=_id)
def test_a_bad_cluster_gives_exactly_these_errors(bad: BadFile) -> None:
    config, problems = read_cluster(bad.data, "c.xml")
    assert config is None
    _expect(problems, bad, "c.xml")


@pytest.mark.parametrize("bad", MODULES, ids=_id)
def test_a_bad_module_gives_exactly_these_errors(bad: BadFile) -> None:
    assert isinstance(CLUSTER, ClusterConfig)
    config, problems = read_module("web", bad.data, "u.xml", cluster=CLUSTER)
    assert config is None
    _expect(problems, bad, "u.xml")


@pytest.mark.parametrize(
    ("name", "fragment"),
    [
        ("", "letters, digits"),
        ("a b", "letters"),
        ("x" * 33, "at most 32"),
        ("wéb", "letters"),
        ("NUL", "for a device"),
    ],
)
def test_a_bad_module_name_is_an_error_of_its_own(name: str, fragment: str) -> None:
    config, problems = read_module(name, b'<safe><service mode="light"/></safe>')
    assert config is None
    assert [fragment in problem.text for problem in problems] == [True]


def test_a_flood_of_errors_ends_with_a_sentence_that_says_so() -> None:
    config, problems = read_module("web", _FLOOD)
    assert config is None
    assert len(problems) == 1000
    assert problems[0].text.startswith("<var> needs name")
    assert problems[-1].text == "the error number 1,000 is here: it and those that follow are not listed"
