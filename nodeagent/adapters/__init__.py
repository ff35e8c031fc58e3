"""One kind of I/O each; they do not know each other."""
