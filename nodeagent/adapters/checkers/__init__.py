"""The checkers of the modules: each looks at one thing, again and again, whatever the others do.

`checkers.ModuleCheckers` is the port. A `Checker` (`checker.py`) keeps the time of one rule and asks its
`Look`, of which there is one per kind; `custom` programs are kept running by `custom.py`.
"""

from nodeagent.adapters.checkers.checkers import ModuleCheckers

__all__ = ["ModuleCheckers"]
