"""Why the agent could not be made a service of the system, or taken out of it."""

NAME = "keepgreen"
"""Its name as a service (Windows does not mind the case)."""


class CannotInstall(Exception):
    """The text is one sentence for the user."""
