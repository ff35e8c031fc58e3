"""House rules that no other tool checks: `python packaging/house_rules.py` prints each breach and exits 1."""

import sys
from pathlib import Path

LONGEST_FILE = 400


def project_problems(root: Path) -> list[str]:
    """House rules that no other tool checks, each breach as one sentence."""
    problems = []
    readme = (root / "README.md").read_text(encoding="utf-8")
    problems += [
        f"README.md does not name `{command}`"
        for command in ("python3 dev.py run", "python3 dev.py test")
        if command not in readme
    ]
    for part in ("nodeagent", "app"):
        for file in sorted((root / part).rglob("*.py")):
            count = len(file.read_text(encoding="utf-8").splitlines())
            if count > LONGEST_FILE:
                problems.append(
                    f"{file.relative_to(root).as_posix()} has {count} lines, at most {LONGEST_FILE} are allowed"
                )
    if (root / "packaging" / "__init__.py").exists():
        problems.append("packaging/__init__.py must not exist: it would hide PyPI's `packaging`")
    return problems


if __name__ == "__main__":
    found = project_problems(Path(__file__).resolve().parents[1])
    for one in found:
        print(one)
    sys.exit(1 if found else 0)
