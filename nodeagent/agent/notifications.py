"""Who outside hears of main events, as the settings say."""

import asyncio
from pathlib import Path

from nodeagent.adapters.notify import WINDOW, MailServer, Outbox, Pace, Webhook, system_log
from nodeagent.adapters.settings import Mail, Settings
from nodeagent.adapters.settings import Webhook as WebhookSettings
from nodeagent.contract.api import LogLine
from nodeagent.listening import Say


class Notifications:
    """The system's own log at once; e-mail and webhook by and by. Files in the settings are relative to `var`.

    The lines of one `window`, in seconds, go together.
    """

    def __init__(self, settings: Settings, var: Path, say: Say, window: float = WINDOW) -> None:
        self._system = system_log()
        self._outboxes: list[Outbox] = []
        mail, webhook = settings.mail, settings.webhook
        if mail.server:
            send = mail_server(mail, var).send
            self._outboxes.append(Outbox("e-mail", send, say, mail.types, Pace(mail.hourly, window)))
        if webhook.url:
            send = webhook_target(webhook, var).send
            self._outboxes.append(Outbox("the webhook", send, say, webhook.types, Pace(webhook.hourly, window)))

    def line_written(self, line: LogLine) -> None:
        """A line is in the log."""
        self._system.send(line)
        for outbox in self._outboxes:
            outbox.offer(line)

    async def run(self) -> None:
        """Deliver until cancelled."""
        try:
            async with asyncio.TaskGroup() as tasks:
                for outbox in self._outboxes:
                    tasks.create_task(outbox.run(), name="notifications")
                await asyncio.get_running_loop().create_future()
        finally:
            self._system.close()


def mail_server(mail: Mail, var: Path) -> MailServer:
    """The mail server of the settings."""
    return MailServer(
        mail.server,
        mail.real_port,
        mail.security,
        mail.to,
        mail.sender,
        mail.user,
        _file(var, mail.password_file),
        _file(var, mail.ca_file),
    )


def webhook_target(webhook: WebhookSettings, var: Path) -> Webhook:
    """The webhook of the settings."""
    return Webhook(webhook.url, _file(var, webhook.secret_file), _file(var, webhook.ca_file))


def _file(var: Path, name: str) -> Path | None:
    return var / name if name else None
