"""Which way to share an address is right on a network, as far as the running module tells. Pure functions."""

import re
from collections.abc import Sequence

from app.services.nodes import NodeView
from app.viewmodels.text import said, tr
from app.viewmodels.tile import alarms_of, status_of

_WAY = re.compile("^probes of .* has learnt the virtual MAC|^a frame came from the virtual MAC")
"""Alarms that tell of a network which does not carry the frames of a virtual MAC."""


def way_advice(views: Sequence[NodeView], module: str) -> str:
    """What to choose, in a sentence or two."""
    told = [alarm for view in views for alarm in alarms_of(view, module) if _WAY.search(alarm)]
    if told:
        return tr(
            "The nodes say: {alarm}. This network does not carry vmac_invisible: use vmac_directed, or let the"
            " hypervisor pass promiscuous traffic.",
            alarm=said(told[0]),
        )
    serving = [status for view in views if (status := status_of(view, module)) and status.ready]
    if len(serving) > 1 and all(status.share_by == "slots" for status in serving):
        return tr("The nodes hear each other's probes on this network: the way in force is right.")
    return tr(
        "Try vmac_invisible first. Where a switch or a hypervisor does not pass its frames, each node says within"
        " seconds that probes do not reach it; then use vmac_directed."
    )
