"""Where the files shipped with the console are: icons, fonts, help, catalogues."""

import sys
from pathlib import Path


def resource(name: str) -> Path:
    """The path of a shipped file or folder, `icons/start.svg`, in a checkout, a wheel and a frozen program alike."""
    root = Path(__file__).resolve().parent.parent
    places = [root / "resources", root / "nodeagent" / "resources"]
    if frozen := getattr(sys, "_MEIPASS", None):
        places.insert(0, Path(str(frozen)) / "resources")
    return next((place / name for place in places if (place / name).exists()), places[0] / name)
