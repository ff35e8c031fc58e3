"""The reference documentation of both files, made of the rule table."""

from nodeagent.contract.config import CheckerRule
from nodeagent.contract.config_rules import FILES, walk
from nodeagent.contract.generated_rules import generated_rules
from nodeagent.contract.module_build import DEFAULT_ACTIONS
from nodeagent.contract.rule import AttributeRule, ElementRule
from nodeagent.contract.states import Action

_INTRODUCTION = """\
# Configuration reference

<!-- Generated from the rule table; do not edit. -->

Durations take the suffixes `d h m s ms us`, combined too (`1m30s`); a bare number counts in the unit given.
0 is a duration; what is above 0 must be 1 ms or more. In `userconfig.xml` every value may use `%NAME%`.
Unknown elements and attributes are kept and named by a warning.
"""

_GENERATED = """
## Generated failover rules

With `extends` on, every checker with an action has its part in one of these rules (here with the default actions,
and `custom` with `wait`). An own rule with the label of a generated one replaces it. Where the checkers of
`intf`, `ip` or `module` have several actions there is one rule per action, `interface_failure_wait` and so on.
A resource that does not exist, or is not checked yet, counts as `init`. `//` and `/* */` are comments.

"""


def reference() -> str:
    """The whole page, in Markdown."""
    parts = [_INTRODUCTION]
    for file, root in FILES.items():
        parts.append(f"\n## {file}\n")
        parts.extend(_element(path, rule) for path, rule in walk(root))
    checkers = [CheckerRule(kind, "ID", action=action or Action.WAIT) for kind, action in DEFAULT_ACTIONS.items()]
    parts.append(_GENERATED)
    parts.extend(f"    {rule.text()}\n" for rule in generated_rules(checkers))
    return "".join(parts)


def _element(path: str, rule: ElementRule) -> str:
    often = {(0, 1): "at most one", (1, 1): "exactly one", (0, None): "any number", (1, None): "one or more"}
    lines = [f"\n### {path}\n", f"{rule.help} ({often[rule.least, rule.most]})\n"]
    if rule.attributes:
        lines.append("| attribute | default | allowed | a change | meaning |\n|---|---|---|---|---|")
        lines.extend(_attribute(attribute) for attribute in rule.attributes)
        lines.append("")
    return "\n".join(lines)


def _attribute(rule: AttributeRule) -> str:
    default = "required" if rule.required else f"`{rule.default}`" if rule.default else "–"
    change = "next start" if rule.restart else "live"
    says = rule.help
    if rule.unused:
        says += f" Read and kept, not used: {rule.unused}."
    if not rule.in_force:
        says += " Not yet in force."
    words = rule.type.words.replace("|", "\\|")
    return f"| `{rule.name}` | {default} | {words} | {change} | {says} |"
