"""Hand-made bad files, each with every error it must give: (line, part of the sentence)."""

from typing import NamedTuple


class BadFile(NamedTuple):
    what: str
    data: bytes
    errors: tuple[tuple[int, str], ...]


def _cluster(what: str, text: str, *errors: tuple[int, str]) -> BadFile:
    return BadFile(what, text.encode(), errors)


def _lan(nodes: str, lans: str = "", lan: str = 'name="default"') -> str:
    return f"<cluster>\n<lans {lans}>\n<lan {lan}>\n{nodes}\n</lan>\n</lans>\n</cluster>"


N1, N2 = '<node name="n1" addr="10.0.0.1"/>', '<node name="n2" addr="10.0.0.2"/>'
SERVICE = 'mode="farm"'
FARM = '<farm><lan name="default"/></farm>'


def _safe(inside: str, service: str = SERVICE, farm: str = FARM, before: str = "") -> str:
    """The inside begins on line 5."""
    return f"<safe>\n{before}\n<service {service}>\n{farm}\n{inside}\n</service>\n</safe>"


_USER = "<user/>"
_PROC = '<proc name="httpd" class="both" '


def _module(what: str, text: str | bytes, *errors: tuple[int, str]) -> BadFile:
    return BadFile(what, text.encode() if isinstance(text, str) else text, errors)


NOT_READABLE = [
    _module("empty", b"", (0, "the file is empty")),
    _module("only blanks", b" \r\n ", (0, "the file is empty")),
    _module("not XML", "mode=farm\nmaxloop=3", (1, "this is not XML")),
    _module("binary", bytes(range(256)), (3, "byte 129 is not valid utf-8")),
    _module("a zip", b"PK\x03\x04\x14\x00\x00\x00", (1, "this is not XML")),
    _module("text first", "<?xml version='1.0'?>\nmode=farm\n<safe/>", (2, "column 1: text may not stand")),
    _module("truncated in an element", "<safe>\n<service mode='farm'>\n", (3, "before <service> of line 2 is closed")),
    _module("truncated in a tag", "<safe>\n<service mode='fa", (2, "the file ends before <safe> of line 1 is closed")),
    _module("truncated before the root", "<?xml version='1.0'?>\n<!-- hello", (2, "truncated or not XML")),
    _module("wrong close tag", "<safe>\n<service>\n</serwice></safe>", (3, "</service> is expected here")),
    _module("bare ampersand", '<safe>\n<service mode="a&b"/></safe>', (2, "an & that should be &amp;")),
    _module("missing quote", "<safe>\n<service mode=farm/></safe>", (2, "a missing quote")),
    _module("attribute twice", '<safe>\n<service mode="farm" mode="farm"/></safe>', (2, "given twice")),
    _module("two roots", "<safe/>\n<safe/>", (2, "something follows the end of the root element")),
    _module("late declaration", "\n<?xml version='1.0'?><safe/>", (2, "must be the very first thing")),
    _module("unknown entity", "<!DOCTYPE safe>\n<safe>&copy;</safe>", (2, "an entity is used that XML does not know")),
    _module("internal subset", "<!DOCTYPE safe [\n<!ELEMENT safe ANY>]>\n<safe/>", (1, "must be bare")),
    _module("empty internal subset", "<!DOCTYPE safe []>\n<safe/>", (1, "must be bare")),
    _module(
        "billion laughs",
        '<!DOCTYPE safe [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>\n<safe>&b;</safe>',
        (1, "no [ ] part and so no entities"),
    ),
    _module(
        "external entity",
        '<!DOCTYPE safe [<!ENTITY x SYSTEM "file:///etc/passwd">]><safe>&x;</safe>',
        (1, "must be bare"),
    ),
    _module("external DTD", '\n<!DOCTYPE safe SYSTEM "http://127.0.0.1:1/safe.dtd">\n<safe/>', (2, "must be bare")),
    _module("public DTD", '<!DOCTYPE safe PUBLIC "-//x//y" "safe.dtd">\n<safe/>', (1, "no external identifier")),
    _module("10 MB", b"<safe>" + b" " * 10_000_000 + b"</safe>", (0, "10,000,013 bytes, allowed are 4,194,304")),
    _module("5,000 deep", b"<a>\n" * 5000 + b"</a>" * 5000, (101, "more than 100 deep")),
    _module("20,000 elements", b"<safe>" + b"<x/>\n" * 20_000 + b"</safe>", (10_000, "more than 10,000 elements")),
    _module("latin-1 undeclared", "<safe>\n<!-- \xe9 --></safe>".encode("latin-1"), (2, "is not valid utf-8")),
    _module(
        "other than declared",
        "<?xml version='1.0' encoding='utf-8'?>\n<safe>\xe9</safe>".encode("latin-1"),
        (2, "which its first line declares"),
    ),
    _module(
        "unsupported encoding",
        "<?xml version='1.0' encoding='Shift_JIS'?>\n<safe/>",
        (1, "the encoding shift_jis is not supported: allowed are utf-8"),
    ),
    _module(
        "utf-16 without its mark",
        "<?xml version='1.0' encoding='utf-16'?><safe/>",
        (1, "utf-16 with its byte order mark"),
    ),
    _module(
        "utf-16 that says utf-8",
        "\ufeff<?xml version='1.0' encoding='utf-8'?><safe/>".encode("utf-16-le"),
        (1, "the file is in UTF-16 but its first line says utf-8"),
    ),
    _module(
        "utf-8 mark that says latin-1",
        "\ufeff<?xml version='1.0' encoding='iso-8859-1'?><safe/>".encode(),
        (1, "begins with the mark of UTF-8"),
    ),
    _module("half a utf-16 file", "\ufeff<safe/>".encode("utf-16-be")[:-1], (1, "is not valid utf-16-be")),
    _module("control character", b"<safe>\n\x01</safe>", (2, "not well-formed XML")),
]

CLUSTERS = [
    _cluster("wrong root", "<!-- c -->\n<clusters/>", (2, "the root element is <clusters>: it must be <cluster>")),
    _cluster("a userconfig.xml", "<safe><service mode='light'/></safe>", (1, "it must be <cluster>")),
    _cluster("namespace", '<cluster xmlns="urn:x"/>', (1, 'of the namespace "urn:x": it must be <cluster>')),
    _cluster(
        "undeclared prefixes",
        _lan(f'{N1}{N2}\n<x:node name="n3"\n y:addr="10.0.0.3"/>'),
        (5, 'the prefix of <x:node> is not declared: write <node>, or declare it with xmlns:x="…" where this is'),
        (6, 'the prefix of y:addr is not declared: write addr, or declare it with xmlns:y="…" where this is to be'),
    ),
    _cluster("nothing in it", "<cluster/>", (1, "<cluster> needs at least one <lans>")),
    _cluster("no lan", "<cluster>\n<lans/></cluster>", (2, "<lans> needs at least one <lan>")),
    _cluster("no node", _lan(""), (3, "<lan> needs at least one <node>")),
    _cluster(
        "lans twice",
        f"<cluster><lans><lan name='a'>{N1}{N2}</lan></lans>\n<lans><lan name='b'>{N1}</lan></lans></cluster>",
        (2, "has more than one <lans>: one is allowed"),
    ),
    _cluster("node without name", _lan(f'{N1}{N2}\n<node addr="10.0.0.3"/>'), (5, "<node> needs name: letters")),
    _cluster("node without address", _lan(f'{N1}\n<node name="n2"/>'), (5, "<node> needs addr: an IPv4")),
    _cluster("bad node name", _lan(f'{N1}\n<node name="n 2" addr="10.0.0.2"/>'), (5, 'name="n 2" must be letters')),
    _cluster("long node name", _lan(f'{N1}\n<node name="{"n" * 64}" addr="10.0.0.2"/>'), (5, "at most 63 of them")),
    _cluster(
        "node twice",
        _lan(f'{N1}\n<node name="n1" addr="10.0.0.2"/>'),
        (5, 'the node "n1" stands twice in the lan "default"'),
    ),
    _cluster(
        "one node, two spellings", _lan(f'{N1}\n<node name="N1" addr="10.0.0.2"/>'), (5, '"N1" and "n1" differ only')
    ),
    _cluster(
        "address twice",
        _lan(f'{N1}\n<node name="n2" addr="10.0.0.1"/>'),
        (5, 'the address 10.0.0.1 is already that of "n1" in the lan "default"'),
    ),
    _cluster(
        "IPv6 address twice",
        _lan('<node name="a" addr="fd00::1"/>\n<node name="b" addr="FD00:0:0::1"/>'),
        (5, 'the address fd00::1 is already that of "a"'),
    ),
    _cluster(
        "bad address",
        _lan(f'{N1}\n<node name="n2" addr="10.0.0.300"/>'),
        (5, 'addr="10.0.0.300" must be an IPv4 address'),
    ),
    _cluster(
        "half an address", _lan(f'{N1}\n<node name="n2" addr="10.0.0"/>'), (5, 'addr="10.0.0" must be an IPv4 address')
    ),
    _cluster("empty address", _lan(f'{N1}\n<node name="n2" addr=""/>'), (5, 'addr="" must be an IPv4 address')),
    _cluster("link-local IPv4", _lan(f'{N1}\n<node name="n2" addr="169.254.7.7"/>'), (5, "is a link-local address")),
    _cluster("link-local IPv6", _lan(f'{N1}\n<node name="n2"\n addr="fe80::1"/>'), (6, "is a link-local address")),
    _cluster(
        "mapped link-local", _lan(f'{N1}\n<node name="n2" addr="::ffff:169.254.1.1"/>'), (5, "is a link-local address")
    ),
    _cluster("any address", _lan(f'{N1}\n<node name="n2" addr="0.0.0.0"/>'), (5, "is not the address of one machine")),
    _cluster("multicast", _lan(f'{N1}\n<node name="n2" addr="ff02::1"/>'), (5, "is not the address of one machine")),
    _cluster(
        "lan twice",
        f"<cluster><lans><lan name='a'>{N1}</lan>\n<lan name='a'>{N1}</lan></lans></cluster>",
        (2, 'two lans with the name "a"'),
    ),
    _cluster(
        "two command lans",
        f"<cluster><lans><lan name='a' command='on'>{N1}</lan>\n<lan name='b' command='on'>{N1}</lan></lans></cluster>",
        (2, 'a second lan has command="on"'),
    ),
    _cluster(
        "small command lan",
        f"<cluster><lans>\n<lan name='a' command='on'>{N1}</lan>\n<lan name='b'>{N1}{N2}</lan></lans></cluster>",
        (2, "must hold every node: n2 is not on it"),
    ),
    _cluster(
        "no lan holds all",
        f"<cluster>\n<lans><lan name='a'>{N1}</lan><lan name='b'>{N2}</lan></lans></cluster>",
        (2, 'at least one lan must hold every node: "a" holds the most, without n2'),
    ),
    _cluster(
        "65 nodes",
        _lan("".join(f'<node name="n{i}" addr="10.0.0.{i}"/>' for i in range(1, 66))),
        (2, "there are 65 nodes: at most 64 are allowed"),
    ),
    _cluster("bad port", _lan(N1 + N2, 'port="70000"'), (2, 'port="70000" must be a whole number from 1 to 65535')),
    _cluster(
        "bad pulse", _lan(N1 + N2, 'pulse="fast"'), (2, 'pulse="fast" must be a duration: a number of milliseconds')
    ),
    _cluster(
        "pulse of half a millisecond",
        _lan(N1 + N2, 'pulse="0.5"'),
        (2, 'pulse="0.5" is shorter than 1 ms (a number without suffix counts in milliseconds'),
    ),
    _cluster("no pulse", _lan(N1 + N2, 'pulse="0"'), (2, 'pulse="0" must be 1ms or more')),
    _cluster("one silent pulse", _lan(N1 + N2, 'slost_count="1"'), (2, "must be a whole number from 2 to 1000")),
    _cluster("bad switch", _lan(N1 + N2, lan='name="a" command="maybe"'), (3, 'command="maybe" must be on or off')),
    _cluster(
        "six mistakes at once",
        _lan('<node name="a b" addr="x y"/>\n<node/>', 'port="x"\n pulse="1us"'),
        (2, 'port="x" must be'),
        (3, 'pulse="1us" is shorter than 1 ms'),
        (5, 'name="a b" must be'),
        (5, 'addr="x y" must be'),
        (6, "<node> needs name"),
        (6, "<node> needs addr"),
    ),
]

MODULES = [
    _module(
        "undeclared prefixes",
        "<k:safe\n xsi:noNamespaceSchemaLocation='safe.xsd'>\n<x:service mode='light' boot='on'\n x:boot='off'>\n"
        "<x:errd>\n<p:q><deep/></p:q>\n<proc name='a' atleast='x'/></x:errd>\n<n:note xmlns:n='urn:n' n:a='1'/>\n"
        "<n:note/></x:service></k:safe>",
        (1, "the prefix of <k:safe> is not declared: write <safe>"),
        (2, 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" where this is to be kept and not used'),
        (3, "the prefix of <x:service> is not declared: write <service>, or declare it with xmlns:x="),
        (4, "the prefix of x:boot is not declared: write boot, or"),
        (5, "the prefix of <x:errd> is not declared"),
        (6, "the prefix of <p:q> is not declared: write <q>, or"),
        (7, 'atleast="x" must be'),
        (7, "<proc> needs class"),
        (9, "the prefix of <n:note> is not declared"),
    ),
    _module(
        "colons in names",
        "<safe><service mode='light'>\n<x:y:z/><:/>\n<a: b:='1' :b='2' c:1='3'/>\n<a xmlns:='u'/></service></safe>",
        (2, "the name of <x:y:z> is wrong: a colon may stand only once, between a prefix and a name"),
        (2, "the name of <:> is wrong"),
        (3, "the name of <a:> is wrong"),
        (3, "the name of b: is wrong"),
        (3, "the name of :b is wrong"),
        (3, "the name of c:1 is wrong"),
        (4, "the name of xmlns: is wrong"),
    ),
    _module(
        "a namespace that cannot be",
        "<safe>\n<a xmlns:x='a b'/></safe>",
        (1, "<safe> needs at least one <service>"),
        (2, 'xmlns:x="a b" is wrong: a namespace is named by a URI like urn:site:a'),
    ),
    _module(
        "one namespace by two prefixes, and ids",
        "<safe xmlns:a='urn:u' xmlns:b='urn:u'>\n<service mode='light' a:x='1' xml:id='s'\n b:x='2'>\n"
        "<user xml:id='1'/><health\n xml:id='s' rounds=''/>\n<errd polltimer='x'/></service></safe>",
        (3, 'b:x is a:x of <service> again, since both prefixes belong to the namespace "urn:u"'),
        (4, 'xml:id="1" is wrong: a letter or _ must stand first'),
        (5, 'xml:id="s" is given in line 2, too: an xml:id may stand once in a file'),
        (6, 'polltimer="x" must be'),
    ),
    _module("wrong root", "<service mode='farm'/>", (1, "the root element is <service>: it must be <safe>")),
    _module("no service", "<safe>\n<macro name='A' value='b'/></safe>", (1, "<safe> needs at least one <service>")),
    _module(
        "two services", "<safe><service mode='light'/>\n<service mode='light'/></safe>", (2, "more than one <service>")
    ),
    _module(
        "macro too late",
        "<safe><service mode='light'/>\n<macro name='A' value='b'/></safe>",
        (2, "<macro> must stand before <service>"),
    ),
    _module("no mode", _safe("", ""), (3, "<service> needs mode: one of farm, light")),
    _module(
        "unknown mode",
        _safe("", 'mode="frm"'),
        (3, 'mode="frm" must be one of farm, light, mirror; did you mean "farm"?'),
    ),
    _module("mirror", _safe("", 'mode="mirror"'), (3, 'mode="mirror" is not in this version')),
    _module("farm without lan", _safe("", farm=""), (3, 'mode="farm" needs <farm>')),
    _module("farm without lans in it", _safe("", farm="<farm/>"), (4, "<farm> needs at least one <lan>")),
    _module(
        "unknown lan",
        _safe("", farm='<farm>\n<lan name="privat"/></farm>'),
        (5, 'there is no lan "privat" in the cluster: it has default, private'),
    ),
    _module(
        "lan twice",
        _safe("", farm='<farm><lan name="default"/>\n<lan name="default"/></farm>'),
        (5, 'the lan "default" stands twice'),
    ),
    _module(
        "window too short",
        _safe("", farm='<farm\n slost_count="3"><lan name="default"/></farm>'),
        (5, "after 0.3 s of silence, the cluster after 1 s"),
    ),
    _module("bad boot", _safe("", 'mode="farm" boot="yes"'), (3, 'boot="yes" must be one of on, off, auto, ignore')),
    _module(
        "negative maxloop", _safe("", 'mode="farm" maxloop="-1"'), (3, 'maxloop="-1" must be a whole number from 0')
    ),
    _module(
        "bad loop_interval",
        _safe("", 'mode="farm"\n loop_interval="1 day"'),
        (4, "must be a duration: a number of hours"),
    ),
    _module(
        "delays the wrong way",
        _safe("", 'mode="farm" restart_delay="2m"'),
        (3, "restart_delay is longer than restart_delay_max"),
    ),
    _module("user twice", _safe("<user/>\n<user/>"), (6, "<service> has more than one <user>")),
    _module("bad logging", _safe('<user logging="on"/>'), (5, 'logging="on" must be one of userlog, none')),
    _module("sub-millisecond time-out", _safe('<user nicestoptimeout="0.0001"/>'), (5, "counts in seconds here")),
    _module(
        "variable twice",
        _safe('<var name="A" value="1"/>\n<var name="A" value="2"/>'),
        (6, 'the variable "A" is given twice'),
    ),
    _module(
        "variable in two places",
        _safe('<var name="A" value="1"/>\n<user><var name="A" value="2"/></user>'),
        (6, 'the variable "A" is given twice'),
    ),
    _module("variable without value", _safe('<var name="A"/>'), (5, "<var> needs value")),
    _module("variable with =", _safe('<var name="A=B" value=""/>'), (5, "a name without blanks and =")),
    _module("errd without user", _safe(f"<errd>{_PROC}/></errd>"), (5, "<errd> needs <user>")),
    _module("no polling", _safe(f'{_USER}<errd polltimer="0"/>'), (5, 'polltimer="0" must be 1ms or more')),
    _module("proc without name", _safe(f'{_USER}<errd>\n<proc class="both"/></errd>'), (6, "<proc> needs name")),
    _module(
        "blank proc name",
        _safe(f'{_USER}<errd>\n<proc name=" " class="both"/></errd>'),
        (6, 'name=" " must be at least one character'),
    ),
    _module("proc without class", _safe(f'{_USER}<errd>\n<proc name="x"/></errd>'), (6, "<proc> needs class")),
    _module(
        "class in capitals",
        _safe(f'{_USER}<errd>\n<proc name="x" class="Both"/></errd>'),
        (6, 'class="Both" must be written in lower case'),
    ),
    _module(
        "misspelt action", _safe(f'{_USER}<errd>\n{_PROC} action="restrat"/></errd>'), (6, 'did you mean "restart"?')
    ),
    _module(
        "action of a checker",
        _safe(f'{_USER}<errd>\n{_PROC} action="wait"/></errd>'),
        (6, 'action="wait" must be restart, stopstart, stop, noaction'),
    ),
    _module(
        "bad expression",
        _safe(f'{_USER}<errd>\n{_PROC} argregex="(a"/></errd>'),
        (6, 'argregex="(a" must be a regular expression'),
    ),
    _module(
        "atmax below atleast",
        _safe(f'{_USER}<errd>\n{_PROC} atleast="3" atmax="2"/></errd>'),
        (6, "atmax (2) is below atleast (3)"),
    ),
    _module(
        "atmax and atmost",
        _safe(f'{_USER}<errd>\n{_PROC} atmax="2" atmost="3"/></errd>'),
        (6, "atmost and atmax are the same attribute"),
    ),
    _module(
        "unknown macro",
        _safe('<var name="A" value="%NO%%NEITHER%"/>'),
        (5, "%NO% is not defined"),
        (5, "%NEITHER% is not defined"),
    ),
    _module("unknown macro in rules", _safe("<failover>\n%R%</failover>"), (5, "%R% is not defined")),
    _module(
        "macro used too early",
        _safe("", before='<macro name="A" value="%B%"/><macro name="B" value="1"/>'),
        (2, "%B% is not defined"),
    ),
    _module(
        "macro twice",
        _safe("", before='<macro name="A" value="1"/><macro name="A" value="2"/>'),
        (2, 'the macro "A" is defined twice'),
    ),
    _module(
        "bad value by macro",
        _safe("", 'mode="%M%"', before='<macro name="M" value="fram"/>'),
        (3, 'mode="fram" must be one of'),
    ),
    _module(
        "growing macros",
        _safe(
            '<var name="X" value="%M9%"/>',
            before='<macro name="M0" value="0123456789"/>'
            + "".join(f'<macro name="M{i + 1}" value="{f"%M{i}%" * 8}"/>' for i in range(9)),
        ),
        (2, "more than 65,536 characters"),
    ),
    _module(
        "tcp without port", _safe('<check><tcp ident="a">\n<to addr="10.0.0.1"/></tcp></check>'), (6, "<to> needs port")
    ),
    _module("tcp without to", _safe('<check><tcp ident="a"/></check>'), (5, "<tcp> needs at least one <to>")),
    _module(
        "checker twice",
        _safe('<check><custom ident="a" exec="x"/>\n<custom ident="a" exec="y"/></check>'),
        (6, 'two checkers set the resource "custom.a"'),
    ),
    _module(
        "module without name",
        _safe('<check><module><to addr="n2"/></module></check>'),
        (5, "<module> needs the name of the module"),
    ),
    _module(
        "bad url",
        _safe('<check><http ident="a"><to url="ftp://x"/></http></check>'),
        (5, "begins with http:// or https://"),
    ),
    _module("vip without interfaces", _safe("<vip/>"), (5, "<vip> needs at least one <interface_list>")),
    _module(
        "health",
        _safe('<health drain="soon" rounds="-1"/>'),
        (5, 'drain="soon" must be a duration'),
        (5, 'rounds="-1" must be'),
    ),
    _module(
        "mistakes in five places",
        _safe(
            f'{_USER}<errd polltimer="x">\n{_PROC}grace="y"/>\n<proc/></errd>\n<health rounds="z"/>',
            'mode="farm" boot="w"',
        ),
        (3, 'boot="w"'),
        (5, 'polltimer="x"'),
        (6, 'grace="y"'),
        (7, "needs name"),
        (7, "needs class"),
        (8, 'rounds="z"'),
    ),
]
