"""Snapshots opened as if they were live."""
