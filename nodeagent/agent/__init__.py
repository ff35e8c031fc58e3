"""The agent: `agent.py` puts its parts together, `control.py` answers what the API asks."""
