"""The decisions of the agent, sans-IO: events and time in, effects out."""
