"""Monitoring: a card per module, a tile per node, the events below."""
