"""Entry points of the commands `keepgreen` and `safekit`."""

import sys
from collections.abc import Callable


def main() -> None:
    """`keepgreen …`"""

    def run() -> int:
        from nodeagent.cli.entry import keepgreen

        return keepgreen(sys.argv[1:])

    _end(run)


def safekit() -> None:
    """`safekit …`: the commands that existing scripts use."""

    def run() -> int:
        from nodeagent.cli.entry import safekit

        return safekit(sys.argv[1:])

    _end(run)


def _end(run: Callable[[], int]) -> None:
    try:
        code = run()
    except KeyboardInterrupt:  # while the command was still being loaded
        code = 130
    sys.exit(code)


if __name__ == "__main__":
    main()
