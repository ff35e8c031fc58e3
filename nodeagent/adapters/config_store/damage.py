"""How a store says that what it kept cannot be used."""


class Damaged(Exception):
    """One sentence for the administrator: which file, and what to do."""
