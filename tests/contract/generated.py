"""The files that the rule table makes. `python tests/contract/generated.py` writes them anew."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))

from nodeagent.contract.config_rules import FILES  # noqa: E402
from nodeagent.contract.reference import reference  # noqa: E402
from nodeagent.contract.xsd import xsd  # noqa: E402


def generated() -> dict[Path, bytes]:
    """Path below the project → content."""
    schemas = {Path("resources/xsd", name).with_suffix(".xsd"): xsd(rule) for name, rule in FILES.items()}
    return {**schemas, Path("docs/reference/configuration.md"): reference().encode()}


if __name__ == "__main__":
    for path, content in generated().items():
        (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / path).write_bytes(content)
