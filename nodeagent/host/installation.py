"""Why the agent could not be made a service of the system, or taken out of it."""

NAME = "keepgreen"
"""Its name as a service (Windows does not mind the case)."""

BRING_HERE = "run `keepgreen service install` to start this one, or set KEEPGREEN_HOME to the home you mean"
"""What to do when the service is the agent of another home."""


class CannotInstall(Exception):
    """The text is one sentence for the user."""
