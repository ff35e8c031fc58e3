"""The one client of the agent's API: for the console, the demo, the command line, and the relay between agents."""
