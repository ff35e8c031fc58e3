"""The one client of the agent's API, for everything outside an agent: console, demo, later the relay."""
