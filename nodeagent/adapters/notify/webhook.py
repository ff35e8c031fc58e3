"""Main events as a JSON POST to any address. Blocks: for a thread."""

import hashlib
import hmac
import ssl
from dataclasses import dataclass
from http.client import HTTPException, HTTPMessage
from pathlib import Path
from typing import IO
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, HTTPSHandler, Request, build_opener

import msgspec

from nodeagent.adapters.notify.message import Message, NotSent, secret_in

TIMEOUT = 20.0
SIGNATURE = "X-Keepgreen-Signature"
"""`sha256=<hex>`: HMAC of the body with the shared secret."""


class _NoRedirects(HTTPRedirectHandler):
    """What is signed for one address goes to no other."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        return None


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where to post: `{"node", "left_out", "lines": [as GET /log gives them]}`; any 2xx is good.

    The secret is read from its file for each message. The system's proxy settings hold.
    """

    url: str
    secret_file: Path | None = None
    ca_file: Path | None = None

    def send(self, message: Message) -> None:
        """One POST. Raises NotSent."""
        body = msgspec.json.encode({"node": message.node, "left_out": message.left_out, "lines": message.lines})
        headers = {"Content-Type": "application/json", "User-Agent": "keepgreen"}
        if self.secret_file is not None:
            secret = secret_in(self.secret_file).encode()
            headers[SIGNATURE] = f"sha256={hmac.new(secret, body, hashlib.sha256).hexdigest()}"
        try:
            context = ssl.create_default_context(cafile=self.ca_file)
            opener = build_opener(_NoRedirects(), HTTPSHandler(context=context))
            with opener.open(Request(self.url, body, headers, method="POST"), timeout=TIMEOUT):
                pass
        except HTTPError as error:
            error.close()
            raise NotSent(f"the webhook answered with HTTP status {error.code}") from None
        except (OSError, HTTPException, ValueError) as error:
            raise NotSent(f"the webhook cannot be reached: {getattr(error, 'reason', error)}") from None
