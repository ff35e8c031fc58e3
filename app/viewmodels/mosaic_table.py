"""All connections of a load-balancing test as a table for a spreadsheet or a script."""

import csv
from collections.abc import Iterable
from datetime import UTC, datetime
from io import StringIO

from app.viewmodels.mosaic_figures import Round

HEAD = ("time", "cell", "node", "ms", "failed")
"""Beginning of the round (UTC), place in the mosaic from 1, who answered, how long it took, why nobody did."""
FORMULA = "=+-@\t\r"


def table(rounds: Iterable[Round]) -> bytes:
    """CSV in UTF-8, a line for each connection that has an end, the oldest round first."""
    text = StringIO()
    lines = csv.writer(text)
    lines.writerow(HEAD)
    for one in rounds:
        at = datetime.fromtimestamp(one.at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        for cell, answer in enumerate(one.cells, 1):
            if answer is not None:
                lines.writerow((at, cell, _plain(answer.node), f"{answer.seconds * 1000:.1f}", answer.trouble or ""))
    return text.getvalue().encode()


def _plain(name: str) -> str:
    """Whoever answers names itself; a spreadsheet must not run that as a formula."""
    return f"'{name}" if name.startswith(tuple(FORMULA)) else name
