"""The mosaic: a page whose cells each ask, on a connection of its own, which node answers.

All answers are prepared when the status changes; a request only picks one.
"""

from base64 import b64encode
from functools import lru_cache
from hashlib import sha256
from html import escape
from pathlib import Path
from urllib.parse import parse_qs

import msgspec

from nodeagent.adapters.http_public.connection import prepared
from nodeagent.contract.api import MosaicAnswer
from nodeagent.contract.status import ModuleStatus, NodeStatus

MOSAIC_PAGES = (b"/mosaic", b"/safekit/mosaic.html")
WHO = b"/safekit/mosaic/who"
_PLACE = Path(__file__).parent
_SCRIPT = (_PLACE / "mosaic.js").read_text("utf-8")
_STYLE = (_PLACE / "mosaic.css").read_text("utf-8")
_BODY = (_PLACE / "mosaic.html").read_text("utf-8")
_HASH = b64encode(sha256(_SCRIPT.encode()).digest()).decode()
_GUARD = (
    f"Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{_HASH}'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'\r\n"
)
_JSON = "application/json"
_NO_MODULE = prepared("404 Not Found", b'{"error":"this node has no module of this name"}\n', _JSON)
_NOT_YET = prepared("503 Service Unavailable", b'{"error":"this node is starting"}\n', _JSON)


class Mosaic:
    """What the two addresses of the mosaic answer."""

    def __init__(self) -> None:
        self.page = _page(())
        self._answers: dict[str, tuple[bytes, bytes]] = {}

    def set_status(self, status: NodeStatus) -> None:
        """Prepare the answers."""
        self.page = _page(tuple(module.name for module in status.modules))
        colour = max(1, status.node_id)
        answers = {
            module.name: MosaicAnswer(status.node, colour, module.name, _words(module)) for module in status.modules
        }
        answers[""] = MosaicAnswer(status.node, colour)
        self._answers = {
            name: prepared("200 OK", msgspec.json.encode(said) + b"\n", _JSON) for name, said in answers.items()
        }

    def who(self, query: bytes) -> tuple[bytes, bytes]:
        """The answer for `m=<module>`; without a module only who this node is."""
        if not self._answers:
            return _NOT_YET
        asked = parse_qs(query.decode("latin-1")).get("m", [""])[0]
        return self._answers.get(asked, _NO_MODULE)


@lru_cache(maxsize=4)
def _page(modules: tuple[str, ...]) -> tuple[bytes, bytes]:
    """The page, with the modules of this node to choose from."""
    known = "".join(f'<option value="{escape(name)}">' for name in modules)
    first = escape(modules[0]) if modules else ""
    text = _BODY.replace("@STYLE@", _STYLE).replace("@SCRIPT@", _SCRIPT)
    body = text.replace("@MODULES@", known).replace("@FIRST@", first).encode()
    return prepared("200 OK", body, "text/html; charset=utf-8", _GUARD)


def _words(module: ModuleStatus) -> str:
    return f"{module.state} {module.status}" if module.configured else "NOT CONFIGURED"
