"""E-mail through a company's mail server. Blocks: for a thread."""

import smtplib
import socket
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from pathlib import Path

from nodeagent.adapters.notify.message import Message, NotSent, secret_in
from nodeagent.durable import wall_time

TIMEOUT = 20.0
"""Seconds for each step of the conversation."""
SUBJECT = 120


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail goes and as whom. `security` is none, starttls or tls; without `user` nobody logs in.

    The password is read from its file for each message, so that it can be changed without a restart.
    """

    server: str
    port: int
    security: str
    to: tuple[str, ...]
    sender: str = ""
    user: str = ""
    password_file: Path | None = None
    ca_file: Path | None = None

    def send(self, message: Message) -> None:
        """One e-mail. Raises NotSent."""
        password = secret_in(self.password_file) if self.password_file else ""
        try:
            with self._connected() as smtp:
                if self.user:
                    smtp.login(self.user, password)
                smtp.send_message(self._written(message))
        except smtplib.SMTPResponseException as error:
            said = (
                error.smtp_error.decode("utf-8", "replace") if isinstance(error.smtp_error, bytes) else error.smtp_error
            )
            raise NotSent(f"{self.server} answered {error.smtp_code} {said}") from None
        except smtplib.SMTPRecipientsRefused:
            raise NotSent(f"{self.server} takes no mail for {', '.join(self.to)}") from None
        except (OSError, ValueError) as error:
            raise NotSent(f"{self.server} port {self.port}: {error}") from None

    def _connected(self) -> smtplib.SMTP:
        host = socket.gethostname()
        if self.security == "tls":
            return smtplib.SMTP_SSL(self.server, self.port, host, timeout=TIMEOUT, context=self._context())
        smtp = smtplib.SMTP(self.server, self.port, host, timeout=TIMEOUT)
        if self.security == "starttls":
            try:
                smtp.starttls(context=self._context())
            except BaseException:
                smtp.close()
                raise
        return smtp

    def _context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.ca_file)

    def _written(self, message: Message) -> EmailMessage:
        mail = EmailMessage()
        mail["From"] = self.sender or f"keepgreen@{socket.gethostname()}"
        mail["To"] = ", ".join(self.to)
        mail["Date"] = format_datetime(datetime.fromtimestamp(wall_time(), UTC).astimezone())
        mail["Message-ID"] = make_msgid("keepgreen", socket.gethostname())
        mail["Auto-Submitted"] = "auto-generated"
        mail["Subject"] = subject(message)
        mail.set_content(body(message), cte="quoted-printable")
        return mail


def subject(message: Message) -> str:
    """The gravest line in short, and how many more there are."""
    first = min(message.lines, key=lambda line: "CEUISD".index(line.type))
    where = f"{message.node} {first.module}" if first.module else message.node
    text = f"[Keepgreen] {where}: {' '.join(first.text.split())}"
    short = text if len(text) <= SUBJECT else f"{text[: SUBJECT - 1]}…"
    more = len(message.lines) - 1 + message.left_out
    return f"{short} (and {more} more)" if more else short


def body(message: Message) -> str:
    """All lines, one below the other."""
    lines = []
    for line in message.lines:
        time = datetime.fromtimestamp(line.time, UTC).astimezone().isoformat(" ", "seconds")
        lines.append(f"{time} {line.type} {line.module or '-'} {line.origin}: {line.text}")
    if message.left_out:
        lines.append(f"{message.left_out} earlier lines were left out; the log of {message.node} has them.")
    return "\n".join(lines) + "\n"
