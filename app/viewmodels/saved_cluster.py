"""A cluster.xml of the past as its table shows it: nothing of it is asked, nothing can be changed."""

from app.viewmodels.cluster_draft import ClusterDraft
from app.viewmodels.cluster_form import EMPTY, ClusterForm
from app.viewmodels.cluster_rows import rows_of, timing_error, timing_meaning


class SavedCluster:
    """Shows these bytes. While `broken` it has no table."""

    def __init__(self, data: bytes) -> None:
        self._draft = ClusterDraft(EMPTY)
        self._draft.change(data, "")
        self.broken = self._draft.broken
        self.rows, _ = rows_of(self._draft.form, self._draft.problems, None, "")

    @property
    def form(self) -> ClusterForm:
        """The table."""
        return self._draft.form

    @property
    def meaning(self) -> str:
        """What pulse and count mean for a person."""
        return timing_meaning(self.form)

    def field_error(self, attribute: str) -> str:
        """The sentence under `port`, `pulse` or `slost_count`."""
        return timing_error(self._draft.problems, attribute)
