"""The OpenAPI 3.1 document, made of the route table and the types of the contract.

`python -m nodeagent.adapters.http_api.openapi FILE` writes it to a file.
"""

import sys
from functools import cache
from http import HTTPStatus
from inspect import cleandoc
from pathlib import Path
from typing import Any

import msgspec

from nodeagent import __version__
from nodeagent.adapters.http_api.problems import MEDIA
from nodeagent.adapters.http_api.route import PREFIX, Route
from nodeagent.adapters.http_api.routes import ROUTES
from nodeagent.contract.api import ProblemDetail
from nodeagent.contract.status import NodeStatus

REFERENCE = "#/components/schemas/{name}"
RAW = {"type": "string", "contentMediaType": "application/octet-stream"}


@cache
def document() -> bytes:
    """The description as indented JSON, the same bytes for the same version."""
    types = {route.takes for route in ROUTES} | {route.gives for route in ROUTES} | {ProblemDetail}
    ordered = sorted((t for t in types if t not in (None, bytes)), key=str)
    schemas, components = msgspec.json.schema_components(ordered, ref_template=REFERENCE)
    schema_of = dict(zip(ordered, schemas, strict=True))
    for component in components.values():  # what Python 3.13 does by itself
        if "description" in component:
            component["description"] = cleandoc(component["description"])
    components["Event"]["properties"]["status"] = schema_of[NodeStatus]  # its bytes are passed on as they are
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        paths.setdefault(PREFIX + route.path, {})[route.method.lower()] = operation(route, schema_of)
    text = {
        "openapi": "3.1.0",
        "info": {
            "title": "Keepgreen agent",
            "version": __version__,
            "description": "Bytes are base64 in JSON. Errors are problem details (RFC 9457).",
        },
        "servers": [{"url": "https://{node}:9453", "variables": {"node": {"default": "localhost"}}}],
        "paths": paths,
        "components": {
            "schemas": dict(sorted(components.items())),
            "securitySchemes": {"session": {"type": "http", "scheme": "bearer"}},
        },
    }
    return msgspec.json.format(msgspec.json.encode(text), indent=2) + b"\n"


def operation(route: Route, schema_of: dict[Any, dict[str, Any]]) -> dict[str, Any]:
    """One route as an OpenAPI operation."""
    needs = f"Role: {route.role}." if route.role else "No login."
    said: dict[str, Any] = {
        "operationId": route.name,
        "summary": route.says,
        "description": needs + (" Local transport only." if route.local else ""),
        "security": [{"session": []}] if route.role else [],
        "responses": {
            **answers(route, schema_of),
            "default": {"description": "Refused", "content": {MEDIA: {"schema": schema_of[ProblemDetail]}}},
        },
    }
    if parameters := path_parameters(route) + query_parameters(route):
        said["parameters"] = parameters
    if route.takes is not None:
        media, schema = (
            ("application/octet-stream", RAW) if route.takes is bytes else ("application/json", schema_of[route.takes])
        )
        said["requestBody"] = {"required": True, "content": {media: {"schema": schema}}}
    return said


def answers(route: Route, schema_of: dict[Any, dict[str, Any]]) -> dict[str, Any]:
    """What a good answer looks like."""
    if route.stream:
        text = f"WebSocket; each message is {REFERENCE.format(name=route.gives.__name__)}"
        return {"101": {"description": text}}
    if route.gives is None:
        return {"204": {"description": "Done"}}
    media, schema = (route.media, RAW) if route.gives is bytes else ("application/json", schema_of[route.gives])
    return {str(route.status): {"description": HTTPStatus(route.status).phrase, "content": {media: {"schema": schema}}}}


def path_parameters(route: Route) -> list[dict[str, Any]]:
    """The `{names}` in a path."""
    names = [part.partition("}")[0] for part in route.path.split("{")[1:]]
    return [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]


def query_parameters(route: Route) -> list[dict[str, Any]]:
    """The fields of the query's Struct."""
    if route.asks is None:
        return []
    _, components = msgspec.json.schema_components([route.asks], ref_template=REFERENCE)
    fields: dict[str, Any] = components[route.asks.__name__]["properties"]
    return [{"name": name, "in": "query", "schema": schema} for name, schema in fields.items()]


if __name__ == "__main__":
    Path(sys.argv[1]).write_bytes(document())
