"""The two views of a module's traffic: the test from here, and the slots of its virtual IP."""

from app.viewmodels.navigation import SLOTS
from app.viewmodels.text import tr
from app.views.widgets import Segments

TEST = ""


def view_switch(shown: str) -> Segments:
    """The segments for a page's header; `chosen(view)` with "" for the test, SLOTS for the virtual IP."""
    switch = Segments(((TEST, tr("Test")), (SLOTS, tr("Virtual IP"))), tr("View"))
    switch.choose(shown)
    return switch
