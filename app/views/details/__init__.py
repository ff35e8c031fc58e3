"""Details: one module on one node, with its log, a script's output, its resources and the node's facts."""
