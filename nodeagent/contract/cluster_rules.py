"""The rule table of cluster.xml."""

from nodeagent.contract.rule import AttributeRule, ElementRule
from nodeagent.contract.value_types import Address, Integer, Span, Switch, Text

NAME = Text(r"[A-Za-z0-9._-]{1,63}", "letters, digits, . - or _, at most 63 of them")

NODE = ElementRule(
    "node",
    "A node and its address on this lan.",
    (
        AttributeRule("name", NAME, "The node's name, the same on every lan.", required=True),
        AttributeRule(
            "addr",
            Address(),
            "Its address on this lan; a host name is resolved once, when the file is applied. No link-local address.",
            required=True,
        ),
        AttributeRule(
            "laddr",
            Address(hosts=False),
            "The local address to bind when addr is an address of a NAT device.",
        ),
    ),
    least=1,
    most=None,
)

LAN = ElementRule(
    "lan",
    "A network that carries heartbeats. At least one lan holds every node.",
    (
        AttributeRule("name", NAME, "Its name, unique; modules refer to it.", required=True),
        AttributeRule(
            "command",
            Switch(),
            "The lan for distributed commands; it must hold all nodes and gives them their order. At most one;"
            " none = the first that holds all.",
            "off",
        ),
        AttributeRule("console", Switch(), "Of the older product.", unused="consoles reach a node on every address"),
        AttributeRule("framework", Text(), "Of the older product.", unused="there is no separate framework lan"),
    ),
    (NODE,),
    least=1,
    most=None,
)

LANS = ElementRule(
    "lans",
    "All networks of the cluster and the timing of heartbeats.",
    (
        AttributeRule("port", Integer(1, 65535), "UDP port of heartbeats.", "4800"),
        AttributeRule("pulse", Span("ms", zero=False), "Time between two heartbeats.", "100ms"),
        AttributeRule(
            "slost_count",
            Integer(2, 1000),
            "Silent pulses before a node is lost; pulse × slost_count is the detection window.",
            "10",
        ),
        AttributeRule(
            "mlost_count",
            Integer(1, 1000),
            "Of the older product.",
            "20",
            unused="there is no leader whose loss would need a longer wait",
        ),
    ),
    (LAN,),
    least=1,
)

CLUSTER = ElementRule("cluster", "The nodes of the cluster and their networks.", children=(LANS,), least=1)
