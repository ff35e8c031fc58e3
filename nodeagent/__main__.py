"""Entry points of the commands `keepgreen` and `safekit`."""

import sys


def main() -> None:
    """`keepgreen …`"""
    from nodeagent.cli.entry import keepgreen

    sys.exit(keepgreen(sys.argv[1:]))


def safekit() -> None:
    """`safekit …`: the commands that existing scripts use."""
    from nodeagent.cli.entry import safekit as run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
