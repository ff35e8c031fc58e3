"""Makes the lock files anew: `python packaging/locks.py UV`, what `dev.py lock` does."""

import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
EDITABLE = "editables"
"""What the build backend asks for, beside itself, to install a checkout in place."""


def main(uv: str) -> int:
    """The exit code of the first that fails, else 0."""
    compile_ = [uv, "pip", "compile", "--universal", "--python-version", "3.11", "--generate-hashes"]
    compile_ += ["--no-annotate", "--no-header", "--quiet"]
    requires = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["build-system"]["requires"]
    source = ROOT / "packaging" / "build.in"
    source.write_text("\n".join([*requires, EDITABLE]) + "\n")
    try:
        for name, inputs in {
            "agent": ["pyproject.toml"],
            "app": ["pyproject.toml", "--extra", "app"],
            "dev": ["pyproject.toml", "--extra", "app", "--extra", "dev"],
            "build": [str(source)],
        }.items():
            print(f"Locking {name} ...", flush=True)
            target = f"packaging/requirements-{name}.lock"
            if code := subprocess.run([*compile_, *inputs, "-o", target], cwd=ROOT, check=False).returncode:
                return code
    finally:
        source.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
