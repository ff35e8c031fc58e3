"""The desktop console. It comes with the next release; the agent does not need it."""
