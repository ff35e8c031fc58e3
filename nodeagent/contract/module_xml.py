"""userconfig.xml as the agent uses it, with everything that is wrong in it."""

import re
from collections.abc import Collection, Mapping

from lxml import etree

from nodeagent.contract.config import ClusterConfig, ModuleConfig
from nodeagent.contract.config_check import Check
from nodeagent.contract.errors import Problem, Severity, errors_of
from nodeagent.contract.macros import expand, undefined
from nodeagent.contract.module_build import module_config
from nodeagent.contract.module_check import check_service
from nodeagent.contract.module_rules import SAFE
from nodeagent.contract.xml_reader import XmlFile
from nodeagent.contract.xml_refusal import refusal, refusal_with_rest
from nodeagent.contract.xml_scan import NotXml

_MODULE_NAME = re.compile(r"[A-Za-z0-9_-]{1,32}", re.ASCII)
_DEVICE = re.compile(r"con|prn|aux|nul|com[0-9]|lpt[0-9]", re.IGNORECASE)


def module_name_problem(name: str) -> str:
    """Why this cannot be the name of a module, in one sentence; "" when it can."""
    if not _MODULE_NAME.fullmatch(name):
        return f'"{name[:40]}" cannot be a module name: letters, digits, - and _ are allowed, at most 32 of them'
    if _DEVICE.fullmatch(name):
        return f'"{name}" cannot be a module name: Windows keeps it for a device'
    return ""


def read_module(
    name: str,
    data: bytes,
    file: str = "userconfig.xml",
    environment: Mapping[str, str] | None = None,
    lan_names: Collection[str] | None = None,
    nodes: Collection[str] = (),
    cluster: ClusterConfig | None = None,
) -> tuple[ModuleConfig | None, list[Problem]]:
    """The configuration and all findings in the order of the file; None exactly when one of them is an error.

    `environment` serves macros that the file does not define. Lan names are checked against `lan_names`, or
    those of `cluster`; the module's detection window against the cluster's. What is not known is not checked.
    """
    wrong_name = module_name_problem(name)
    before = [Problem(Severity.ERROR, wrong_name)] if wrong_name else []
    try:
        xml = XmlFile(data, file)
    except NotXml as error:
        return None, [*before, *refusal_with_rest(error, file, SAFE, environment or {})]
    # The source is signed, not its expansion: environments differ from node to node.
    signature = xml.digest(*sorted(nodes))
    check = Check(xml, expand(xml, environment or {}))
    safe = check.root(SAFE)
    config = None
    if safe and (service := safe.first("service")):
        if lan_names is None and cluster is not None:
            lan_names = [lan.name for lan in cluster.lans]
        check_service(xml, check, service, lan_names, nodes, cluster)
        if not errors_of(xml.problems):
            config = module_config(name, service, tuple(nodes), tuple(check.not_in_force), signature)
    problems = [*before, *xml.findings()]
    return (None if errors_of(problems) else config), problems


def expand_module(
    data: bytes, file: str = "userconfig.xml", environment: Mapping[str, str] | None = None
) -> tuple[bytes, list[Problem]]:
    """`safeconf.xml`: the file with all macros replaced; b"" exactly when a problem is an error.

    What nothing defines stays as it is, with a warning: whether it matters is for `read_module` to say.
    """
    try:
        xml = XmlFile(data, file)
    except NotXml as error:
        return b"", refusal(error, file)
    for (element, attribute), names in expand(xml, environment or {}).items():
        for name in names:
            xml.warning(element, undefined(name), attribute)
    if errors_of(xml.problems):
        return b"", xml.findings()
    return etree.tostring(xml.root.getroottree(), encoding="utf-8", xml_declaration=True), xml.findings()
