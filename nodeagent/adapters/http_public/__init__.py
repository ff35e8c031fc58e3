"""What anybody may ask of a node over plain HTTP: the health URL, a one-page status, the mosaic."""

from nodeagent.adapters.http_public.server import HealthServer

__all__ = ["HealthServer"]
