"""Support: snapshots of the nodes, and who changed what."""
