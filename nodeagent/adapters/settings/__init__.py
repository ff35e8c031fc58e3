"""agent.toml: the agent's own settings, above all its ports."""

from nodeagent.adapters.settings.kinds import Listen, Mail, Permissions, Records, Settings, Webhook
from nodeagent.adapters.settings.reader import load_settings, read_settings

__all__ = ["Listen", "Mail", "Permissions", "Records", "Settings", "Webhook", "load_settings", "read_settings"]
