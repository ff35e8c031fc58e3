"""Sentences of the agent and of the checks that carry values, as keys of the catalogue.

The contract says them in English, on the nodes and in the log; a form shows them in the console's language. The first
pattern that fits the whole sentence holds, so the longer stands before the shorter. One that fits none stays as it is.
"""

import re
from collections.abc import Mapping
from functools import cache, lru_cache

PATTERNS = (
    # What a node answers to an order.
    "starts again after the {action} that waits for {state}",
    "{action} accepted",
    "already stopping",
    "it waits for its resources before it starts",
    # What a file may hold, before the sentence about a value.
    'unknown attribute "{name}" of <{element}>: kept, not used; did you mean "{near}"?',
    'unknown attribute "{name}" of <{element}>: kept, not used',
    'unknown element <{name}> in <{element}>: kept, not used; did you mean "{near}"?',
    "unknown element <{name}> in <{element}>: kept, not used",
    "not yet in force in this version: {what} of <{element}> at line {line}",
    "not yet in force in this version: {what} of <{element}> (on_addr is used instead) at line {line}",
    "{name} is read and kept but not used: {phrase}",
    "<{element}> needs at least one <{child}>",
    "<errd> needs <user>: without scripts there is nothing to restart",
    '<vip> needs mode="farm": a virtual address is shared by all nodes',
    "<{element}> needs {name}: {phrase}",
    "<{element}> has more than one <{child}>: one is allowed",
    "this is not well-formed XML: look for an & that should be &amp;, a < that should be &lt;, or a missing quote",
    "this is not XML: only elements, comments and a bare <!DOCTYPE> may stand here",
    "an attribute is given twice in one element",
    "an entity is used that XML does not know: allowed are &amp; &lt; &gt; &quot; &apos; and numbers like &#10;",
    "something follows the end of the root element, which must be the last",
    "the <?xml …?> line must be the very first thing in the file",
    "this is not well-formed XML: the character {code} cannot stand in it",
    "this is not well-formed XML: {detail}",
    "the file ends before <{element}> of line {line} is closed",
    "</{element}> is expected here, since <{open}> of line {line} is open",
    "the file is empty",
    "this is not XML: a configuration file begins with <",
    "there is no complete XML element in this file: it is truncated or not XML",
    "the error number {number} is here: it and those that follow are not listed",
    "there is an & that should be &amp;",
    "there is a < that should be &lt;",
    'there is a missing quote: {name}="…" is how a value is written',
    'the attribute "{name}" is given twice in <{element}>',
    "the prefix of {name} is not declared: write {meant}, or declare it with {declaration} where this is to be kept and"
    " not used",
    "the prefix of {name} is not declared: write {meant}",
    "the name of {name} is wrong: a colon may stand only once, between a prefix and a name",
    "{reference} is no character of XML",
    "a blank may not stand inside a name",
    "a blank must stand before {name}",
    "no blank may stand between < and the name",
    "no blank may stand between / and >",
    '"{sign}" may not stand in a tag: only name="value" may',
    "= must stand between {name} and its value",
    "nothing may stand between = and the value of {name}",
    'a value in quotes must follow {name}, like {name_again}="…"',
    "a quote inside the value of {name} must be &quot; or &apos;",
    "> is missing at the end of {tag}",
    "an end tag holds only its name: {tag}",
    "</ must be followed by the name of an element",
    "</{element}> ends nothing: no element is open",
    "</{element}> ends nothing: <{open}> of line {line} is open here",
    "<{wrong}> must be </{element}>, since <{open}> of line {line} is open",
    "text may not stand before the root element",
    "]]> may stand only at the end of a CDATA section",
    "a comment begins with <!--",
    "a comment ends with -->, and -- may not stand inside it",
    "the comment has no end: --> must follow, so the file is truncated or not XML",
    "the comment has no end: --> must follow",
    "a CDATA section begins with <![CDATA[",
    "the CDATA section has no end: ]]> must follow",
    "<! begins only a comment (<!--), a CDATA section (<![CDATA[) or a bare <!DOCTYPE>",
    "<!DOCTYPE> must stand before the root element",
    "the document type must be written like <!DOCTYPE safe>",
    "<!DOCTYPE {name} …> must be bare, like <!DOCTYPE safe>: no external identifier, no [ ] part and so no entities",
    "the <? has no end: ?> must follow",
    "<? must be followed by a name and a blank",
    "the name of <?{name} …?> is wrong: letters, digits, . - and _ may stand in it, no colon",
    "{declaration} declares nothing: write {meant} with a name of your own, or leave it out",
    "{declaration} is wrong: {prefix} belongs to XML itself, choose another prefix",
    "{declaration} is wrong: this name belongs to XML itself, write one of your own",
    "{declaration} is wrong: a namespace is named by a URI like urn:site:a, with letters a to z, digits and signs of"
    " web addresses",
    "{declaration} is wrong: a letter or _ must stand first, then letters, digits, . - and _ only",
    "{declaration} is given in line {line}, too: an xml:id may stand once in a file",
    '{name} is {other} of <{element}> again, since both prefixes belong to the namespace "{namespace}": leave one of'
    " them out",
    'the first line must be like <?xml version="1.0" encoding="utf-8"?>',
    # cluster.xml
    'the address {address} is already that of "{node}" in the lan "{lan}": each node needs its own',
    'the node "{node}" stands twice in the lan "{lan}"',
    'there are two lans with the name "{lan}": a name may stand once',
    '"{name}" and "{other}" differ only in upper and lower case: spell a node one way',
    'the lan with command="on" must hold every node: {nodes} is not on it',
    'a second lan has command="on": at most one may have it',
    'at least one lan must hold every node: "{lan}" holds the most, without {nodes}',
    # userconfig.xml
    'there is no lan "{lan}" in the cluster: it has {lans}',
    'the lan "{lan}" stands twice in <farm>: once is enough',
    "this module would lose a node after {own} s of silence, the cluster after {cluster} s:"
    " pulse × slost_count of a module may not be below that of cluster.xml",
    'several <proc> have the name "{name}": the resource of this one is "{resource}"',
    "atmax ({most}) is below atleast ({least}): every count would be wrong",
    'mode="farm" needs <farm> with at least one <lan name="…"/>',
    # <vip>
    "the virtual address {address} is given twice",
    '{address} cannot be shared by type="vmac_directed": IPv4 only in this version',
    "{address} is the address of {node}: a virtual address must be one that no machine has",
    'addr="{mac}" is a group address: its first byte must be even',
    'two groups have the name "{name}"',
    'the host "{name}" stands twice in this group',
    '"{name}" is not a node of this module: it has {nodes}',
    "every power of this group is 0: nobody would serve its traffic",
    'virtual_addr="{address}" is not declared above: there is {known}',
    "{which} of {address} is matched by the rule of line {line} already: one rule may match it",
    "no rule matches traffic to {address}: all of it is dropped",
    # What a node says of a module before it is applied.
    "the process {name} is monitored by the module {module}, too: each counts the other's as its own; tell them apart"
    " with argregex, or monitor it in one",
    "the service {name} is monitored by the module {module}, too: each counts the other's as its own; tell them apart"
    " with argregex, or monitor it in one",
    "it is in UTF-16, of which cmd can run nothing: save it as ANSI, or as UTF-8 without a byte order mark",
    "it begins with a byte order mark, so its first line is no command for cmd: save it as UTF-8 without one",
    "it begins with a byte order mark, so Linux cannot run it: save it as UTF-8 without one",
    "its first line names no interpreter, so Linux cannot run it: begin with e.g. #!/bin/sh",
    "its interpreter {program} is not on this node",
    "its interpreter {program} is not in the PATH of this node",
    "without <user> no script runs, but there are {scripts}",
    "{script} runs; {others} of the same name never does here",
    "this script is for {system} only, on this {here} node nothing runs as {script}",
    "there is no {script} script: {names} are looked for",
    "{resource} is down from the start: this node does not have {address}",
    "{resource} cannot run: {program} is neither in bin/ nor a program of this node",
    "automatic_reboot has no effect on this node: reboot = true in [agent] of its agent.toml allows it",
    "this node may not ping: the agent needs CAP_NET_RAW, or a group of its user in net.ipv4.ping_group_range",
    # A file or a port that a node cannot have.
    "the disk refuses: {reason}",
    "it could not be written {file}: another program may have it open ({reason})",
    "it could not be written {file}: {reason}",
    "lan {lan}: {phrase}",
    "{port} is kept by another program, or by Windows for others:"
    " `netsh interface ipv4 show excludedportrange protocol=tcp` shows those",
    "{port} is used by another program",
    "{port} is used by {program}",
    "{port} waits for the address {address}, which this machine does not have",
    "{port} may not be opened by the user the agent runs as",
    "{port} cannot be opened: {reason}",
    # <failover>
    "column {column}: {phrase}",
    '":" must follow the label "{label}", not {found}',
    'if must follow the label "{label}", not {found}',
    "( must follow if, not {found}",
    "then must follow the condition, not {found}",
    "&&, || or ) must follow the condition, not {found}",
    "; must end the rule, not {found}",
    "a rule begins with its label, like own: if (tcp.web == down) then stop();, not {found}",
    "the rule has no label: it must begin with one, like own: if (tcp.web == down) then stop();",
    '"{label}" cannot be a label: letters, digits, _ . and - are allowed, at most 80 of them',
    'the label "{label}" is given twice: each rule needs its own',
    "a resource like tcp.web must stand here, not {found}",
    '== or != must follow "{resource}", not {found}',
    "a state must follow {sign}, one of init, up, down and unknown, not {found}",
    'a resource is compared with a state, and "{word}" is no state: init, up, down and unknown are; did'
    ' you mean "{near}"?',
    'a resource is compared with a state, and "{word}" is no state: init, up, down and unknown are',
    '"{word}" is no state: init, up, down and unknown are; did you mean "{near}"?',
    '"{word}" is no state: init, up, down and unknown are',
    "an action must follow then, one of stop(), stopstart(), wait() and restart(), not {found}",
    '"{word}" is no action of a rule: stop(), stopstart(), wait() and restart() are; did you mean "{near}"?',
    '"{word}" is no action of a rule: stop(), stopstart(), wait() and restart() are',
    '() must follow "{word}", not {found}',
    ') must follow "{word}(", not {found}',
    "( and ! stand more than {depth} deep inside each other: make two rules of it",
    '"{resource}" is a state: it stands on the right, like tcp.web == {state}',
    '"{resource}" is no resource: class.id is, like tcp.web, tcp.? (any one) or tcp.* (all)',
    '"{resource}" asks for any one and for all: use either ? or *',
    'in "{resource}" ? and * must stand for the whole class or the whole id, like tcp.? or *.web',
    '"{kind}" cannot be a class: letters, digits, _ and - are allowed, at most 63 of them',
    "the comment has no end: */ must follow",
    'nothing sets "{resource}": it counts as init until a command sets it; did you mean "{near}"?',
    'nothing sets "{resource}": it counts as init until a command sets it',
    'this rule replaces the generated rule "{label}"',
    'this rule waits for "{resource}", checked only while UP: its checker needs when="pre"',
    "the end of the text",
    # What a node says of its virtual IP, and of a rule that serves a client.
    "a virtual IP is served by Linux nodes only: use a load balancer that asks the health URL,"
    " Windows Network Load Balancing, or Linux nodes for this module",
    "a frame came from the virtual MAC on {interface}: the switch may have learnt it",
    "{node} is alive on the wire, UDP {port} between it and {other} is blocked",
    "probes of {node} do not reach {other} on {interface}: the switch blocks or has learnt the virtual MAC {mac}"
    " of {addresses}",
    "probes of {node} do not reach {other} on {interface}: the switch blocks or has learnt the virtual MAC",
    "probes of {node} do not reach {other} on {interface}: the switch blocks frames to everybody",
    "{node} takes no traffic: its heartbeats cannot leave it",
    "the nodes have not agreed on one slot table for more than 3 s",
    "{what} and put back",
    "{protocol} any port of {addresses}, by address and port",
    "{protocol} any port of {addresses}, by address",
    "{protocol} {port} of {addresses}, by address and port",
    "{protocol} {port} of {addresses}, by address",
    # What the demo tells while it starts.
    "{count} agents and the load balancer are started in {directory}",
    "{count} agents answer",
    "cluster.xml is applied on all nodes",
    "module {module} is applied on all nodes",
    "{url} answers from all nodes",
    "{node} is UP Ready on {address}",
    "the demo is already up in {directory}",
    "the agent of {node} did not run and is started again",
    # What an opened snapshot says.
    "it is not in the snapshot",
    # What is wrong with one value.
    '{name}="{value}" must be written in lower case',
    '{name}="{value}" must be {phrase}; did you mean "{near}"?',
    '{name}="{value}" must be {phrase}',
    '{name}="{value}" {phrase}',
    "is watched only while a command enables it",
    "looks like a placeholder: put your own value there",
    'belongs to mode="mirror": nothing enables it here',
    "is not in this version: farm and light are",
    "is shorter than 1 ms (a number without suffix counts in {unit} here): allowed are 0 and 1ms or more",
    "is longer than 100 years (a number without suffix counts in {unit} here)",
    "is finer than one microsecond, the smallest step",
    "is a link-local address, which is not the same machine on every network: use a routed one",
    "is not the address of one machine",
    # What is allowed.
    "a whole number from {low} to {high}",
    "one of {values}",
    "a duration, without suffix in {unit}, not 0",
    "a duration, without suffix in {unit}",
    "a duration: a number of {unit}, or numbers with d, h, m, s, ms or us from the longest to the shortest, like 1m30s",
    "a regular expression: {detail}",
    "{actions}, or the name of an executable",
    "1ms or more",
    "milliseconds",
    "seconds",
    "hours",
)
PHRASES = {"phrase", "unit", "found"}
"""Places that hold words of the agent again, not a value."""


@lru_cache(maxsize=2048)
def pattern_of(words: str) -> tuple[str, Mapping[str, str]] | None:
    """The pattern that this sentence fits and the values in its places."""
    for pattern, expression in _expressions():
        if match := expression.fullmatch(words):
            return pattern, match.groupdict()
    return None


@cache
def _expressions() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple(
        (pattern, re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.*?)", re.escape(pattern)), re.DOTALL))
        for pattern in PATTERNS
    )
