"""The traffic of a module: its load-balancing test beside its virtual IP."""
