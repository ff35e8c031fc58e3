"""How an operating system runs the agent."""
