"""Words and decisions of the console, without widgets: tested without a window."""
