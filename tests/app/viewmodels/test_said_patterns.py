"""Sentences of the checks in French: those that the forms show, taken from real files with mistakes."""

import errno
import socket
import sys
from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from app.viewmodels.said_patterns import PATTERNS, pattern_of
from app.viewmodels.text import said, use_language
from nodeagent.adapters.config_store.module_check import checker_problems, script_problems
from nodeagent.contract.cluster_xml import read_cluster
from nodeagent.contract.module_xml import read_module
from nodeagent.contract.shared_processes import shared_processes
from nodeagent.icmp import NOT_ALLOWED
from nodeagent.listening import Place
from tests.contract.bad_rules import BAD_RULES
from tests.contract.broken_files import BROKEN

MODULE = """<safe><service mode="farm" boot="onn" boot_delay="0.4ms" maxloop="-1" loop_interval="soon" bot="on">
<farm><lan name="default"/><lan name="default"/><lan name="nowhere"/></farm>
<user nicestoptimeout="900000000000" forcestoptimeout="0.0001ms" exitcode="quiet" lgging="none"/>
<errd polltimer="0"><proc name="" class="Both" atleast="3" atmax="2" nameregex="("
  action="restrat" grace="1.0000001ms"/>
<proc class="a b"/><proc name="a" class="own" action="start"/><proc name="a" class="both" service="yes"/></errd>
<helth/><vip/><health/><health rounds=""/></service></safe>"""

CLUSTER = """<cluster><lans port="70000" pulse="0" slost_count="1" mlost_count="20">
<lan name="a b" command="maybe"><node name="n1" addr="10.0.0.1"/><node name="N1" addr="10.0.0.2"/></lan>
<lan name="two"><node name="n1" addr="169.254.0.1"/><node name="n1" addr="0.0.0.0"/><node addr="x y"/></lan>
<lan name="two"><node name="n3" addr="10.0.1.1"/><node name="n4" addr="10.0.1.1"/></lan>
</lans></cluster>"""


@pytest.fixture(autouse=True)
def _french() -> Iterator[None]:
    use_language("fr")
    yield
    use_language("en")


def sentences() -> list[str]:
    _, of_module = read_module("web", MODULE.encode(), lan_names=("default",))
    _, of_cluster = read_cluster(CLUSTER.encode())
    broken = (
        b"<safe>",
        b"<safe><service></safe>",
        b" ",
        b"mode=farm",
        b"<safe a=1/>",
        b"<safe/>x",
        b"<safe a='' a=''/>",
        b"<safe>&x;</safe>",
        b" <?xml version='1.0'?>",
        b"<a:safe x:b=''><c:d:e/></a:safe>",
        b"<safe xmlns='a b'><a xmlns:p='u' xmlns:q='u' p:x='' q:x=''/></safe>",
        b"<safe><b xml:id='1'/><c xml:id='d'/><e xml:id='d'/></safe>",
    )
    broken += tuple(one.text.encode() for one in BROKEN)
    of_nothing = [problem for data in broken for problem in read_module("web", data)[1]]
    of_rules = [text for rules in BAD_RULES for _, _, text in rules.mistakes]
    return [*dict.fromkeys([*(problem.text for problem in (*of_module, *of_cluster, *of_nothing)), *of_rules])]


@pytest.mark.parametrize("text", sentences())
def test_a_mistake_in_a_form_is_told_in_french(text: str) -> None:
    english = {
        " must ",
        " is ",
        " the ",
        " needs ",
        " allowed",
        " number ",
        " one of ",
        " kept",
        " seconds",
        " at least ",
    }
    told = f" {said(text)} "
    assert told.strip() != text
    assert [word for word in english if word in told] == []


def of_a_node() -> list[str]:
    """What a node says of its ports, of files that it may not write and of a module before it is applied."""
    codes = (errno.EADDRINUSE, errno.EADDRNOTAVAIL, errno.EACCES, errno.EMFILE)
    place = Place(socket.AF_INET, "10.0.0.1", 9010)
    ports = [place.problem(OSError(code, "why"), by) for code in codes for by in ("", "nginx (pid 812)")]
    procs = "".join(f"<proc name='a' class='both' service='{word}'/>" for word in ("no", "yes"))
    other, _ = read_module("db", f"<safe><service mode='light'><user/><errd>{procs}</errd></service></safe>".encode())
    checks = (
        "<check><intf ident='i'><to local_addr='192.0.2.1'/></intf>"
        "<custom ident='c' exec='no_such' when='both' action='noaction'/></check>"
    )
    web, problems = read_module(
        "web", f"<safe><service mode='light'><user/><errd>{procs}</errd>{checks}</service></safe>".encode()
    )
    assert web is not None, problems
    assert other is not None
    starts = (b"\xef\xbb\xbfx", b"echo", b"#!/no/such", b"#!/usr/bin/env no_such")
    found = [problem for data in starts for problem in script_problems({"bin/start_both": data}, web)]
    found += script_problems({"bin/start_both.cmd": b"x", "bin/stop_both": b"x", "bin/stop_both.sh": b"x"}, web)
    found += [*script_problems({"bin/start_both": b""}, replace(web, user=None)), *checker_problems({}, web)]
    return [
        *ports,
        *shared_processes(web, {"db": other}, windows=False),
        *(problem.text for problem in found),
        "9010 is kept by another program, or by Windows for others:"
        " `netsh interface ipv4 show excludedportrange protocol=tcp` shows those",
        f"lan default: {ports[0]}",
        "it is in UTF-16, of which cmd can run nothing: save it as ANSI, or as UTF-8 without a byte order mark",
        "it begins with a byte order mark, so its first line is no command for cmd: save it as UTF-8 without one",
        "it could not be written C:\\a: another program may have it open (13)",
        "it could not be written /a: No space left on device",
        "the disk refuses: No space left on device",
        NOT_ALLOWED,
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="the scripts of Linux")
@pytest.mark.parametrize("text", of_a_node() if sys.platform != "win32" else [])
def test_what_a_node_says_is_told_in_french(text: str) -> None:
    told = f" {said(text)} "
    english = {" is ", " the ", " by ", " it ", " its ", " here ", " this ", " cannot ", " and ", " not ", " used "}
    assert told.strip() != text
    assert [word for word in english if word in told] == []


def test_each_sentence_fits_its_own_pattern() -> None:
    for pattern in PATTERNS:
        found = pattern_of(pattern)
        assert found is not None
        assert found[0] == pattern


def test_values_stay_as_they_are_written() -> None:
    assert said('atleast="{name}" must be a whole number from -1 to 7') == (
        'atleast="{name}"\N{NO-BREAK SPACE}: il faut un nombre entier de -1 à 7'
    )
    assert said('boot="seconds" must be one of on, off') == (
        'boot="seconds"\N{NO-BREAK SPACE}: il faut une valeur parmi on, off'
    )
    assert (
        said('rounds="" must be at least one character') == 'rounds=""\N{NO-BREAK SPACE}: il faut au moins un caractère'
    )


def test_what_nobody_knows_stays_as_it_is() -> None:
    assert said("w3wp.exe (pid 4188) gone") == "w3wp.exe (pid 4188) gone"


def test_an_alarm_of_the_probes_is_told_in_french_whatever_the_age_of_the_agent() -> None:
    start, way = (
        "probes of n2 do not reach n1 on eth0: the switch blocks",
        "les sondes de n2 n’atteignent pas n1 sur eth0",
    )
    earlier = f"{way}\u00a0: le commutateur bloque ou a appris la MAC virtuelle"
    assert said(f"{start} or has learnt the virtual MAC") == earlier
    assert said(f"{start} or has learnt the virtual MAC 5a:fe:0a:00:00:64 of 10.0.0.100, 10.0.0.101") == (
        f"{earlier} 5a:fe:0a:00:00:64 de 10.0.0.100, 10.0.0.101"
    )
    assert said(f"{start} frames to everybody").startswith(f"{way}\u00a0: le commutateur bloque les trames")
