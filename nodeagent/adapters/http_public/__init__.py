"""What anybody may ask of a node over plain HTTP: the health URL and a one-page status."""

from nodeagent.adapters.http_public.server import HealthServer

__all__ = ["HealthServer"]
