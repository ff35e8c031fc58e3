"""The legend of the mosaic: who answered how often, against what is expected."""

from app.viewmodels.mosaic_figures import LegendRow
from app.viewmodels.text import tr
from app.views.legend import Legend

NAME, COLUMN = 130, 60


class MosaicLegend(Legend):
    """A row for each node and one for failures."""

    def __init__(self) -> None:
        super().__init__(NAME, (COLUMN,) * 5, _heads)
        self.setAccessibleName(tr("Answered by"))

    def set_rows(self, rows: tuple[LegendRow, ...]) -> None:
        """The figures now."""
        lines = [(r.number, r.name, (str(r.count), r.share, r.expected, r.p50, r.p99)) for r in rows]
        self.show_lines(lines, ", ".join(f"{row.name} {row.count} {row.share}".strip() for row in rows if row.name))


def _heads() -> tuple[str, ...]:
    return tr("Answered by"), tr("Cells"), tr("Share"), tr("Expected"), "p50", "p99"
