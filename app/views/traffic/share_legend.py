"""The legend of the slot map: how many slots each node has, what share that is, and what its filter has taken."""

from app.viewmodels.slot_map import ShareRow
from app.viewmodels.text import joined, tr
from app.views.legend import Legend

NAME, COLUMNS = 120, (64, 72, 84, 96)


class ShareLegend(Legend):
    """A row for each node, and one for nobody."""

    def __init__(self) -> None:
        super().__init__(NAME, COLUMNS, _heads)
        self.setAccessibleName(tr("Slots of each node"))

    def set_rows(self, rows: tuple[ShareRow, ...]) -> None:
        """The figures now."""
        lines = [(r.number, r.name, (str(r.count), r.share, r.power, r.taken)) for r in rows]
        listed = (tr("{node} {count} slots, {share}", node=r.name, count=r.count, share=r.share) for r in rows)
        self.show_lines(lines, joined(listed))


def _heads() -> tuple[str, ...]:
    return tr("Node"), tr("Slots"), tr("Share"), tr("Power"), tr("Packets")
