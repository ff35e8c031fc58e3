"""The Linux half: /proc, pidfds, sessions and the mark in the environment."""
