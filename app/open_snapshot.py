"""Snapshots of one cluster open in the window as if it were live: the same pages, and nothing that could be done."""

from collections.abc import Sequence

from app.open_session import OpenSession, Shared
from app.services.snapshot_file import SnapshotFile
from app.services.snapshot_session import SnapshotSession
from app.viewmodels.audit import AuditModel
from app.viewmodels.events_model import EventsModel
from app.viewmodels.navigation import Place, Tab
from app.viewmodels.opened_snapshots import band_words
from app.viewmodels.session_model import SessionModel
from app.viewmodels.snapshot_files import SnapshotFiles
from app.viewmodels.snapshots import Snapshots
from app.views.page import Page
from app.views.snapshot.band import SnapshotBand
from app.views.snapshot.files_page import SnapshotFilesPage
from app.views.support.page import SupportPage


class OpenSnapshot(OpenSession):
    """`name` is the console's own for it; at least one file."""

    def __init__(self, name: str, files: Sequence[SnapshotFile], shared: Shared) -> None:
        self.session = SnapshotSession(name, files)
        model = SessionModel(self.session, shared.tasks, at=self.session.moment)
        super().__init__(model, shared, EventsModel())
        self._events.follow(self.model)
        self._files = SnapshotFiles(self.session.files)

    async def close(self) -> None:
        """Take its pages away."""
        self._events.forget(self.model)
        await super().close()

    def _all_events(self) -> None:
        self._shared.go(Place(Tab.TIMELINE, self.id))

    def _made(self, place: Place) -> Page:
        match place.tab:
            case Tab.CONFIGURATION:
                page: Page = SnapshotFilesPage(self._files, self.model.title)
            case Tab.SUPPORT:
                page = self._support()
            case _:
                page = super()._made(place)
        band = SnapshotBand(*band_words(self.session.files))
        band.close_wanted.connect(lambda: self._shared.close(self.id))
        page.set_band(band)
        return page

    def _look(self, place: Place) -> None:
        if place.tab is Tab.CONFIGURATION:
            self._files.choose_module(place.module)
        super()._look(place)

    def _support(self) -> SupportPage:
        page = SupportPage(
            self.model, Snapshots(self.model, self._shared.tasks), AuditModel(self.model, self._shared.tasks)
        )
        page.open_wanted.connect(self._shared.window.ask_for_snapshots)
        return page
