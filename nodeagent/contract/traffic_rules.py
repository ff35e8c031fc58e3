"""The rule table of userconfig.xml: virtual IP, checkers, failover rules."""

from nodeagent.contract.cluster_rules import NAME
from nodeagent.contract.rule import AttributeRule, ElementRule
from nodeagent.contract.value_types import Address, Arguments, Choice, Integer, SomeText, Span, Switch, Text

IDENT = Text(r"[A-Za-z0-9_.-]{1,63}", "letters, digits, . - or _, at most 63 of them")
ANYWHERE = Address(link_local=True)
NUMBER_16 = Integer(1, 65535)
RULE_PORT = Text(
    r"\*|[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]",
    "* or a port from 1 to 65535",
)
MAC = Text(r"[0-9A-Fa-f]{2}([:-][0-9A-Fa-f]{2}){5}", "six pairs of hexadecimal digits like 5A:FE:0A:00:00:6B")
NETMASK = Text(r"[0-9]{1,3}(\.[0-9]{1,3}){3}|[0-9]{1,3}", "a netmask like 255.255.255.0 or a prefix length")
POWER_MAX = 1000

VIRTUAL_ADDR = ElementRule(
    "virtual_addr",
    "A virtual IP address.",
    (
        AttributeRule("addr", Address(hosts=False), "The address.", required=True, restart=True),
        AttributeRule("where", Choice(("alias",)), "On all UP nodes at once.", "alias", restart=True),
        AttributeRule("check", Switch(), "Watch that the address is present.", "on"),
        AttributeRule("connections", Switch(), "Count the connections of this address.", "off", in_force=False),
        AttributeRule(
            "netmask", NETMASK, "Its mask.", restart=True, unused="a virtual address is set without a network"
        ),
    ),
    least=1,
    most=None,
)

INTERFACE = ElementRule(
    "interface",
    "A network interface that carries virtual addresses.",
    (
        AttributeRule("check", Switch(), "Watch its link.", "on"),
        AttributeRule("name", SomeText(), "Its name; else the one whose network holds the address.", restart=True),
        AttributeRule(
            "arpreroute", Switch(), "Tell the network again and again where the address is.", "off", in_force=False
        ),
        AttributeRule("arpinterval", Span("s", zero=False), "Time between two such messages.", "60", in_force=False),
        AttributeRule("arpelapse", Span("s"), "How long the first ones go on.", "1", in_force=False),
    ),
    (
        ElementRule(
            "virtual_interface",
            "The way the addresses are shared.",
            (
                AttributeRule(
                    "type",
                    Choice(("vmac_invisible", "vmac_directed")),
                    "vmac_invisible: every node sees every frame; vmac_directed: one node forwards, for networks"
                    " that forbid flooding.",
                    required=True,
                    restart=True,
                ),
                AttributeRule("addr", MAC, "The virtual MAC address; default 5A:FE: and the IPv4 bytes.", restart=True),
            ),
            (VIRTUAL_ADDR,),
            least=1,
            most=None,
        ),
    ),
    least=1,
    most=None,
)

GROUP = ElementRule(
    "group",
    "Nodes with their powers, and the traffic they share.",
    (AttributeRule("name", NAME, "Its name.", required=True, restart=True),),
    (
        ElementRule(
            "cluster",
            "Powers; without it all nodes are equal.",
            children=(
                ElementRule(
                    "host",
                    "A node of this group.",
                    (
                        AttributeRule("name", NAME, "The node.", required=True),
                        AttributeRule("power", Integer(0, POWER_MAX), "Its weight; 0 = no traffic.", "1"),
                    ),
                    least=1,
                    most=None,
                ),
            ),
        ),
        ElementRule(
            "rule",
            "Which traffic.",
            (
                AttributeRule(
                    "virtual_addr", Text(r"\*|[^\s]+", "* or a virtual address"), "To which address.", "*", restart=True
                ),
                AttributeRule("port", RULE_PORT, "To which port.", "*", restart=True),
                AttributeRule("proto", Choice(("tcp", "udp", "arp")), "Which protocol.", "tcp", restart=True),
                AttributeRule(
                    "filter",
                    Choice(("on_addr", "on_port", "on_ipid")),
                    "Share out by the client's address, by its port, or by the IP id.",
                    required=True,
                    restart=True,
                ),
            ),
            least=1,
            most=None,
        ),
    ),
    least=1,
    most=None,
)

VIP = ElementRule(
    "vip",
    "Virtual IP addresses, served by all UP nodes at once.",
    (
        AttributeRule("tcpreset", Switch(), "Reset what connections are left after the drain.", "on"),
        AttributeRule("scriptcontrol", Switch(), "The scripts open and close the traffic.", "off"),
    ),
    (
        ElementRule("interface_list", "The interfaces.", children=(INTERFACE,), least=1),
        ElementRule("loadbalancing_list", "How the traffic is shared.", children=(GROUP,)),
    ),
)


def _checker(
    name: str, says: str, action: str, to: tuple[AttributeRule, ...], own: tuple[AttributeRule, ...] = ()
) -> ElementRule:
    common = (
        AttributeRule("ident", IDENT, f"Its resource is {name}.IDENT.", required=name != "module"),
        AttributeRule(
            "when", Choice(("pre", "both")), "pre: from after prestart to before poststop; both: while UP.", "both"
        ),
        AttributeRule(
            "action",
            Choice(("restart", "stopstart", "stop", "wait", "noaction")),
            f'What follows a failure; default {action}, with when="pre" wait.',
        ),
        AttributeRule("fall", Integer(1, 1000), "Bad results in a row that make a failure.", "1"),
        AttributeRule("rise", Integer(1, 1000), "Good results in a row that end it.", "1"),
        AttributeRule("warmup", Span("s"), "No action before the first good result or this long after start.", "30"),
    )
    children = (ElementRule("to", "What is checked.", to, least=1),) if to else ()
    return ElementRule(name, says, common + own, children, most=None)


_INTERVAL = AttributeRule("interval", Span("s", zero=False), "Time between two checks.", "10")
_TIMEOUT = AttributeRule("timeout", Span("s", zero=False), "How long an answer may take.", "5")
_ADDR = AttributeRule("addr", ANYWHERE, "Whom to ask.", required=True)
_MODULE_NAME = AttributeRule("name", IDENT, "The other module; on <module> or on <to>.")

CHECK = ElementRule(
    "check",
    "Checkers: what they find sets resources.",
    children=(
        _checker(
            "tcp",
            "Connects to a TCP port.",
            "restart",
            (_ADDR, AttributeRule("port", NUMBER_16, "The port.", required=True), _INTERVAL, _TIMEOUT),
        ),
        _checker("ping", "Pings an address.", "wait", (_ADDR, _INTERVAL, _TIMEOUT)),
        _checker(
            "intf",
            "Watches the link of a local interface.",
            "wait",
            (AttributeRule("local_addr", ANYWHERE, "A local address on that interface.", required=True),),
        ),
        _checker("ip", "Watches that a local address is present.", "stopstart", (_ADDR, _INTERVAL)),
        _checker(
            "custom",
            "A program of the module that keeps running and sets custom.IDENT by command.",
            "noaction",
            (),
            (
                AttributeRule("exec", SomeText(), "The program.", required=True),
                AttributeRule("arg", Arguments(), "Its arguments."),
            ),
        ),
        _checker(
            "module",
            "Watches another module.",
            "wait, stopstart if it restarted",
            (
                _MODULE_NAME,
                AttributeRule("addr", ANYWHERE, "The node that runs it; default this node."),
                AttributeRule("port", NUMBER_16, "The port of that node's health URL.", "9010"),
                _INTERVAL,
                _TIMEOUT,
                AttributeRule("secure", Switch(), "Ask over HTTPS.", "off"),
            ),
            (_MODULE_NAME,),
        ),
        _checker(
            "http",
            "Fetches a URL.",
            "restart",
            (
                AttributeRule(
                    "url",
                    Text(r"https?://[^\s]+", "a URL that begins with http:// or https://"),
                    "The URL.",
                    required=True,
                ),
                _INTERVAL,
                _TIMEOUT,
                AttributeRule(
                    "status",
                    Text(r"[1-5][0-9][0-9](,[1-5][0-9][0-9])*", "status codes like 200 or 200,204"),
                    "Good status codes.",
                    "200",
                ),
                AttributeRule("contains", Text(), "Text that the answer must contain."),
                AttributeRule("insecure", Switch(), "Do not verify the certificate.", "off"),
            ),
        ),
    ),
)

FAILOVER = ElementRule(
    "failover",
    "Own rules as text, each like own: if (tcp.? == down && custom.db != up) then wait(); where ? is any one, * all.",
    (
        AttributeRule("extends", Switch(), "Keep the generated rules too.", "yes"),
        AttributeRule(
            "period",
            Span("ms", zero=False),
            "Time between two evaluations.",
            "5s",
            unused="rules are evaluated at every change of a resource",
        ),
        AttributeRule(
            "handle_time",
            Span("ms"),
            "How long the condition of an own rule must hold before it acts; generated rules act at once.",
            "15s",
        ),
    ),
    text=True,
)
