"""Drives the core in real time: one queue, one deadline, effects in order."""
