"""Pages that change what the nodes do: the cluster, its modules."""
