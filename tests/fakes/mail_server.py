"""A small mail server: enough of SMTP for one client, with STARTTLS and a login."""

import asyncio
import base64
import ssl
from dataclasses import dataclass, field


@dataclass
class FakeMailServer:
    """Keeps what it was sent. `context`: it offers STARTTLS; `password`: it wants it; `refusals`: so many 451 first."""

    context: ssl.SSLContext | None = None
    password: str = ""
    refusals: int = 0
    mails: list[str] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    secure: list[bool] = field(default_factory=list)
    """Whether the connection was encrypted when each mail came."""
    port: int = 0

    async def start(self, *, tls: bool = False) -> asyncio.Server:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self.context if tls else None)
        self.port = server.sockets[0].getsockname()[1]
        return server

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        def say(text: str) -> None:
            writer.write(f"{text}\r\n".encode())

        known = not self.password
        try:
            say("220 mail.example ready")
            while line := (await reader.readline()).decode().rstrip("\r\n"):
                self.commands.append(line)
                word = line.split(" ")[0].upper()
                encrypted = writer.get_extra_info("sslcontext") is not None
                if word == "EHLO":
                    offers = ["mail.example"]
                    offers += ["STARTTLS"] if self.context and not encrypted else []
                    offers += ["AUTH PLAIN"] if self.password and encrypted else []
                    for offer in offers[:-1]:
                        say(f"250-{offer}")
                    say(f"250 {offers[-1]}")
                elif word == "STARTTLS":
                    assert self.context is not None
                    say("220 go on")
                    await writer.drain()
                    await writer.start_tls(self.context)
                elif word == "AUTH":
                    known = base64.b64decode(line.split(" ")[2]).decode().split("\0")[2] == self.password
                    say("235 welcome" if known else "535 5.7.8 wrong password")
                elif word == "MAIL" and not known:
                    say("530 log in first")
                elif word == "MAIL" and self.refusals:
                    self.refusals -= 1
                    say("451 try again later")
                elif word == "DATA":
                    say("354 go on")
                    self.mails.append((await reader.readuntil(b"\r\n.\r\n")).decode())
                    self.secure.append(encrypted)
                    say("250 taken")
                elif word == "QUIT":
                    say("221 bye")
                    break
                else:
                    say("250 ok")
        except (ConnectionError, ssl.SSLError):
            pass
        finally:
            writer.close()
