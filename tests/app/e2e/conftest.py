"""A short directory for real agents."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def directory() -> Iterator[Path]:
    """Short: a UNIX socket's path is at most 107 bytes."""
    made = Path(tempfile.mkdtemp(prefix="kg-"))
    yield made
    shutil.rmtree(made, ignore_errors=True)
