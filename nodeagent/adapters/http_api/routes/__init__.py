"""The routes of `/api/v1`: served from this table, described from it (OpenAPI), tested along it."""

from nodeagent.adapters.http_api.route import Route
from nodeagent.adapters.http_api.routes import (
    cluster,
    enrolment,
    general,
    modules,
    nodes,
    orders,
    records,
    traffic,
    users,
)

OWN: tuple[Route, ...] = (
    *general.ROUTES,
    *records.ROUTES,
    *modules.ROUTES,
    *orders.ROUTES,
    *traffic.ROUTES,
    *cluster.ROUTES,
    *enrolment.ROUTES,
    *nodes.ROUTES,
    *users.ROUTES,
)
"""What a node serves itself, in the order of the documentation."""

ROUTES: tuple[Route, ...] = (*OWN, *nodes.relays(OWN))
"""In the order of the documentation; `{path}` and `{rest}` may hold slashes, other parts may not."""
