"""What agent.toml can say, table by table, and what holds when it says nothing."""

from dataclasses import dataclass

from msgspec.structs import replace

from nodeagent.contract.config import ModuleConfig

PORTS = {"health_port": 9010, "api_port": 9453, "enrol_port": 9001}
SECURITY = {"none": 25, "starttls": 587, "tls": 465}
"""How a mail server is spoken to, and the usual port of it."""


@dataclass(frozen=True, slots=True)
class Listen:
    """`[listen]`: where the agent listens; `address` empty = on all."""

    address: str = ""
    health_port: int = PORTS["health_port"]
    api_port: int = PORTS["api_port"]
    enrol_port: int = PORTS["enrol_port"]


@dataclass(frozen=True, slots=True)
class Permissions:
    """`[agent]`: what this machine lets the modules do. `reboot`: start the machine anew (`automatic_reboot`)."""

    reboot: bool = False

    def within(self, config: ModuleConfig) -> ModuleConfig:
        """A configuration without what is not allowed here: its `stopstart` is one, then, and no reboot."""
        return config if self.reboot else replace(config, automatic_reboot=False)


@dataclass(frozen=True, slots=True)
class Records:
    """`[records]`: how long, and how large. `log_mb` bounds log and resource history together."""

    log_days: int = 90
    log_mb: int = 200
    audit_days: int = 365
    history_days: int = 90
    output_days: int = 30


@dataclass(frozen=True, slots=True)
class Mail:
    """`[mail]`: main events by e-mail; an empty `server` = none. Files are relative to the one of the settings.

    `port` 0 = the usual one of `security`; `types` are those of the log lines, changes of a module's state always go
    along; `hourly` is how many messages may leave in an hour; `ca_file` takes the place of the system's authorities.
    """

    server: str = ""
    port: int = 0
    security: str = "starttls"
    user: str = ""
    password_file: str = ""
    sender: str = ""
    to: tuple[str, ...] = ()
    types: str = "CE"
    hourly: int = 20
    ca_file: str = ""

    @property
    def real_port(self) -> int:
        """The port to connect to."""
        return self.port or SECURITY[self.security]


@dataclass(frozen=True, slots=True)
class Webhook:
    """`[webhook]`: main events as a JSON POST; an empty `url` = none. The keys mean the same as in `[mail]`.

    With the secret in `secret_file`, requests are signed: HMAC-SHA-256 of the body.
    """

    url: str = ""
    secret_file: str = ""
    types: str = "CE"
    hourly: int = 60
    ca_file: str = ""


@dataclass(frozen=True, slots=True)
class Settings:
    """All of agent.toml."""

    listen: Listen = Listen()
    agent: Permissions = Permissions()
    records: Records = Records()
    mail: Mail = Mail()
    webhook: Webhook = Webhook()
