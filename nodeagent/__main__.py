"""Entry points of the commands `keepgreen` and `safekit`."""

import sys


def main() -> None:
    """`keepgreen …`"""
    from nodeagent.cli.main import run

    sys.exit(run(sys.argv[1:]))


def safekit() -> None:
    """`safekit …`: the commands that existing scripts use."""
    from nodeagent.cli.shim import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
