"""cluster.xml as the agent uses it, with everything that is wrong in it."""

from nodeagent.contract.cluster_rules import CLUSTER
from nodeagent.contract.config import ClusterConfig, Lan, NodeAddress
from nodeagent.contract.config_check import Check, Checked
from nodeagent.contract.errors import Problem, errors_of
from nodeagent.contract.xml_reader import XmlFile
from nodeagent.contract.xml_refusal import refusal_with_rest
from nodeagent.contract.xml_scan import NotXml

MAX_NODES = 64


def read_cluster(data: bytes, file: str = "cluster.xml") -> tuple[ClusterConfig | None, list[Problem]]:
    """The configuration and all findings in the order of the file; None exactly when one of them is an error."""
    try:
        xml = XmlFile(data, file)
    except NotXml as error:
        return None, refusal_with_rest(error, file, CLUSTER)
    checked = Check(xml).root(CLUSTER)
    config = None
    if checked and (lans := checked.first("lans")):
        _names(xml, lans)
        for lan in lans.all("lan"):
            _lan(xml, lan)
        _whole(xml, lans)
        config = ClusterConfig(
            lans=tuple(_lan_config(lan) for lan in lans.all("lan")),
            port=lans.number("port"),
            pulse=lans.seconds("pulse"),
            slost_count=lans.number("slost_count"),
            mlost_count=lans.number("mlost_count"),
            signature=xml.digest(),
        )
    problems = xml.findings()
    return (None if errors_of(problems) else config), problems


def _lan_config(lan: Checked) -> Lan:
    nodes = tuple(NodeAddress(n.text("name"), n.text("addr"), n.text("laddr")) for n in lan.all("node"))
    return Lan(lan.text("name"), nodes, lan.on("command"))


def _names(xml: XmlFile, lans: Checked) -> None:
    seen: set[str] = set()
    spelling: dict[str, str] = {}
    for lan in lans.all("lan"):
        name = lan.text("name")
        if name and name in seen:
            xml.error(lan.element, f'there are two lans with the name "{name}": a name may stand once', "name")
        seen.add(name)
        for node in lan.all("node"):
            name = node.text("name")
            first = spelling.setdefault(name.lower(), name)
            if first != name:
                xml.error(
                    node.element,
                    f'"{name}" and "{first}" differ only in upper and lower case: spell a node one way',
                    "name",
                )


def _lan(xml: XmlFile, lan: Checked) -> None:
    names: set[str] = set()
    owners: dict[str, str] = {}
    for node in lan.all("node"):
        name, addr = node.text("name"), node.text("addr")
        if name and name in names:
            xml.error(node.element, f'the node "{name}" stands twice in the lan "{lan.text("name")}"', "name")
        names.add(name)
        if addr and addr.lower() in owners:
            owner = owners[addr.lower()]
            xml.error(
                node.element,
                f'the address {addr} is already that of "{owner}" in the lan "{lan.text("name")}":'
                " each node needs its own",
                "addr",
            )
        elif addr:
            owners[addr.lower()] = name


def _whole(xml: XmlFile, lans: Checked) -> None:
    held = [({n.text("name") for n in lan.all("node")} - {""}, lan) for lan in lans.all("lan")]
    everyone = set[str]().union(*(names for names, _ in held))
    command = [(names, lan) for names, lan in held if lan.on("command")]
    for _, lan in command[1:]:
        xml.error(lan.element, 'a second lan has command="on": at most one may have it', "command")
    for names, lan in command[:1]:
        if names != everyone:
            missing = ", ".join(sorted(everyone - names))
            xml.error(lan.element, f'the lan with command="on" must hold every node: {missing} is not on it', "command")
    if not command and everyone and all(names != everyone for names, _ in held):
        largest, lan = max(held, key=lambda pair: len(pair[0]))
        missing = ", ".join(sorted(everyone - largest))
        xml.error(
            lans.element,
            f'at least one lan must hold every node: "{lan.text("name")}" holds the most, without {missing}',
        )
    if len(everyone) > MAX_NODES:
        xml.error(lans.element, f"there are {len(everyone)} nodes: at most {MAX_NODES} are allowed")
    if len(everyone) == 1 and all(n.text("name") for lan in lans.all("lan") for n in lan.all("node")):
        xml.note(lans.element, f'single node: the cluster has one node, "{min(everyone)}"')
