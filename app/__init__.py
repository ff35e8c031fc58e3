"""The desktop console. The agent does not need it."""
