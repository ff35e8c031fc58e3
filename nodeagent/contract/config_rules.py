"""The one rule table of both configuration files, under the names of the files.

It validates, generates the XSD files and the reference, and gives forms their hints. `rule` holds the shape,
`cluster_rules`, `module_rules` and `traffic_rules` the content.
"""

from collections.abc import Iterator

from nodeagent.contract.cluster_rules import CLUSTER
from nodeagent.contract.module_rules import SAFE
from nodeagent.contract.rule import AttributeRule, ElementRule

FILES: dict[str, ElementRule] = {"cluster.xml": CLUSTER, "userconfig.xml": SAFE}


def walk(rule: ElementRule, path: str = "") -> Iterator[tuple[str, ElementRule]]:
    """Every element below and including `rule`, with its path like `safe/service/errd/proc`."""
    here = f"{path}/{rule.name}".removeprefix("/")
    yield here, rule
    for child in rule.children:
        yield from walk(child, here)


def rule_at(path: str) -> ElementRule | AttributeRule | None:
    """The rule of `safe/service/errd/proc[2]` or `safe/service/@boot`, None when there is none."""
    names = [part.partition("[")[0] for part in path.split("/")]
    rule = next((root for root in FILES.values() if root.name == names[0]), None)
    for name in names[1:]:
        if rule is None or name.startswith("@"):
            break
        rule = rule.child(name)
    if rule is not None and names[-1].startswith("@"):
        return rule.attribute(names[-1].removeprefix("@"))
    return rule
