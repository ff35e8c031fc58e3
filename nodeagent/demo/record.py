"""demo.json: what is known of a demo that is up. Only its owner may read it, since it holds the password."""

from pathlib import Path

import msgspec

from nodeagent.contract.errors import Problem
from nodeagent.demo.processes import Mark
from nodeagent.durable import PRIVATE, write_durably

FILE = "demo.json"
HEALTH_PORT = 9010
API_PORT = 9453
APP_PORT = 8081
CLUSTER_PORT = 4800
BALANCER = "127.0.0.10"
BALANCER_PORT = 8080


class DemoFailed(Exception):
    """The demo cannot do what was asked; the text is one sentence, `problems` what a node found wrong."""

    def __init__(self, text: str, problems: tuple[Problem, ...] = ()) -> None:
        super().__init__("\n".join([text, *map(str, problems)]))


class DemoNode(msgspec.Struct, frozen=True):
    """One node of the demo; `words` is the pin as a person reads it."""

    name: str
    address: str
    home: str
    agent: Mark
    pin: str = ""
    words: str = ""
    health_port: int = HEALTH_PORT
    api_port: int = API_PORT
    app_port: int = APP_PORT


class DemoInfo(msgspec.Struct, frozen=True):
    """A running demo: where it is, how to log in, which processes it is made of."""

    directory: str
    module: str
    user: str
    password: str
    nodes: tuple[DemoNode, ...]
    balancer: Mark
    application_url: str = f"http://{BALANCER}:{BALANCER_PORT}/"
    mosaic_url: str = f"http://{BALANCER}:{HEALTH_PORT}/mosaic"

    def save(self) -> None:
        """Write demo.json, mode 0600."""
        data = msgspec.json.format(msgspec.json.encode(self), indent=2)
        write_durably(Path(self.directory) / FILE, data, PRIVATE)

    @classmethod
    def load(cls, directory: Path) -> "DemoInfo | None":
        """What the directory's demo.json says; None without one. Raises DemoFailed when it cannot be read."""
        file = directory / FILE
        try:
            return msgspec.json.decode(file.read_bytes(), type=cls)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise DemoFailed(f"{file} cannot be used: {error.strerror or error}") from error
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise DemoFailed(f"{file} cannot be used: {error}") from error
