"""The API `/api/v1`: over TLS for consoles and peers, over a local transport for the node's own command line."""

from nodeagent.adapters.http_api.local import LocalServer
from nodeagent.adapters.http_api.logins import Logins
from nodeagent.adapters.http_api.node_logins import NodeLogins
from nodeagent.adapters.http_api.relay import Relay
from nodeagent.adapters.http_api.route import Part
from nodeagent.adapters.http_api.server import ApiServer
from nodeagent.adapters.http_api.users import Users

__all__ = ["ApiServer", "LocalServer", "Logins", "NodeLogins", "Part", "Relay", "Users"]
