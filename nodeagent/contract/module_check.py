"""The rules of userconfig.xml that look at more than one attribute."""

import re
from collections import Counter
from collections.abc import Collection

from nodeagent.contract.config import ClusterConfig
from nodeagent.contract.config_check import Check, Checked
from nodeagent.contract.failover_check import check_failover
from nodeagent.contract.module_build import checker_module, variables
from nodeagent.contract.vip_check import check_vip
from nodeagent.contract.xml_reader import XmlFile

_PLACEHOLDER = re.compile(r"([A-Z][A-Z0-9]*_)+(NAME|ADDRESS|ADDR|IP|PORT|URL|PATH)|CHANGE_?ME")
_MIRROR_CLASSES = {"prim", "second"}


def check_service(
    xml: XmlFile,
    check: Check,
    service: Checked,
    lan_names: Collection[str] | None,
    nodes: Collection[str],
    cluster: ClusterConfig | None,
) -> None:
    """Adds what is wrong in `<service>` to the file's problems."""
    _mode(xml, service)
    if farm := service.first("farm"):
        _lans(xml, farm, lan_names)
        _window(xml, farm, cluster)
    check_vip(xml, check, service, nodes, cluster)
    _variables(xml, service)
    if errd := service.first("errd"):
        _monitoring(xml, check, service, errd)
    if checkers := service.first("check"):
        _checkers(xml, checkers)
    check_failover(xml, check, service)
    _placeholders(xml, service)


def _mode(xml: XmlFile, service: Checked) -> None:
    mode, farm = service.text("mode"), service.first("farm")
    if mode == "mirror":
        xml.error(service.element, 'mode="mirror" is not in this version: farm and light are', "mode")
    elif mode == "farm" and farm is None:
        xml.error(service.element, 'mode="farm" needs <farm> with at least one <lan name="…"/>', "mode")
    elif mode == "light" and farm:
        xml.warning(farm.element, '<farm> has no meaning with mode="light": such a module has no peers')
    if service.seconds("restart_delay") > service.seconds("restart_delay_max"):
        xml.error(
            service.element, "restart_delay is longer than restart_delay_max, where its doubling ends", "restart_delay"
        )


def _lans(xml: XmlFile, farm: Checked, lan_names: Collection[str] | None) -> None:
    seen: set[str] = set()
    for lan in farm.all("lan"):
        name = lan.text("name")
        if name and name in seen:
            xml.error(lan.element, f'the lan "{name}" stands twice in <farm>: once is enough', "name")
        elif name and lan_names is not None and name not in lan_names:
            known = ", ".join(sorted(lan_names)) or "none at all"
            xml.error(lan.element, f'there is no lan "{name}" in the cluster: it has {known}', "name")
        seen.add(name)


def _window(xml: XmlFile, farm: Checked, cluster: ClusterConfig | None) -> None:
    if cluster is None:
        return
    pulse = farm.seconds("pulse") or cluster.pulse
    window = pulse * (farm.number("slost_count") or cluster.slost_count)
    if round(window, 6) < round(cluster.window, 6):
        attribute = "pulse" if farm.seconds("pulse") else "slost_count"
        xml.error(
            farm.element,
            f"this module would lose a node after {window:g} s of silence, the cluster after {cluster.window:g} s:"
            " pulse × slost_count of a module may not be below that of cluster.xml",
            attribute,
        )


def _variables(xml: XmlFile, service: Checked) -> None:
    seen: set[str] = set()
    for var in variables(service):
        name = var.text("name")
        if name and name in seen:
            xml.error(var.element, f'the variable "{name}" is given twice: a name may have one value', "name")
        seen.add(name)


def _monitoring(xml: XmlFile, check: Check, service: Checked, errd: Checked) -> None:
    if service.first("user") is None:
        xml.error(errd.element, "<errd> needs <user>: without scripts there is nothing to restart")
    seen: Counter[str] = Counter()
    for proc in errd.all("proc"):
        name, action, kind = proc.text("name"), proc.text("action"), proc.text("class")
        seen[name] += 1
        if name and seen[name] > 1:
            resource = f"proc.{name}#{seen[name]}"
            xml.warning(
                proc.element, f'several <proc> have the name "{name}": the resource of this one is "{resource}"', "name"
            )
        _class(xml, proc, kind)
        least, most = proc.number("atleast"), proc.number("atmax")
        if -1 < most < least:
            xml.error(proc.element, f"atmax ({most}) is below atleast ({least}): every count would be wrong", "atleast")
        if proc.text("restart_services") and (not proc.on("service") or action != "restart"):
            xml.warning(
                proc.element,
                'restart_services has a meaning only with service="yes" and action="restart"',
                "restart_services",
            )


def _class(xml: XmlFile, proc: Checked, kind: str) -> None:
    if kind not in {"both", "pre"} and kind.lower() in {"both", "pre"}:
        xml.error(proc.element, f'class="{kind}" must be written in lower case', "class")
    elif kind in _MIRROR_CLASSES:
        xml.warning(proc.element, f'class="{kind}" belongs to mode="mirror": nothing enables it here', "class")
    elif kind and kind not in {"both", "pre"}:
        xml.note(proc.element, f'class="{kind}" is watched only while a command enables it', "class")


def _checkers(xml: XmlFile, checkers: Checked) -> None:
    seen: set[str] = set()
    for checker in checkers.children:
        kind = str(checker.element.tag)
        module = checker_module(checker)
        ident = checker.text("ident") or module
        if kind == "module" and not module:
            xml.error(checker.element, "<module> needs the name of the module to watch: name")
        resource = f"{kind}.{ident}"
        if ident and resource in seen:
            xml.error(checker.element, f'two checkers set the resource "{resource}": give each its own ident', "ident")
        seen.add(resource)
        action = checker.text("action")
        if checker.text("when") == "pre" and action not in {"", "wait", "noaction"}:
            xml.warning(checker.element, f'when="pre" goes with action="wait", not "{action}"', "action")


def _placeholders(xml: XmlFile, checked: Checked) -> None:
    for attribute, value in checked.values.items():
        if isinstance(value, str) and _PLACEHOLDER.fullmatch(value):
            xml.warning(
                checked.element, f'{attribute}="{value}" looks like a placeholder: put your own value there', attribute
            )
    for child in checked.children:
        _placeholders(xml, child)
