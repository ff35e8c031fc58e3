"""Keepgreen: keeps an application running on a farm of servers, and shows it."""

__version__ = "0.1.0"
