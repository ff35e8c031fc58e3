"""Main events on their way out, to real sockets: journald's, a mail server's, an HTTP server's."""

import asyncio
import email
import email.policy
import hashlib
import hmac
import json
import logging
import socket
import ssl
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import trustme
from aiohttp import web

from nodeagent.adapters.notify import MailServer, Message, NoSystemLog, NotSent, Outbox, Pace, Webhook, system_log
from nodeagent.adapters.notify.mail import body, subject
from nodeagent.adapters.notify.message import is_main, secret_in
from nodeagent.contract.api import LogLine
from nodeagent.contract.states import LogType
from tests.fakes.mail_server import FakeMailServer
from tests.fakes.waiting import until

QUICK = Pace(hourly=100, window=0.05, retry=0.05, last_retry=0.1)


def line(cursor: int, type: LogType = LogType.ERROR, text: str = "it broke", **more: str) -> LogLine:
    return LogLine(cursor, 1_800_000_000.0, "node1", more.get("module", "web"), more.get("origin", "errd"), type, text)


def message(*lines: LogLine) -> Message:
    return Message("node1", lines or (line(1),))


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    file = tmp_path / "secret"
    file.write_text("hunter2-geheim\n")
    file.chmod(0o600)
    return file


def test_what_is_a_main_event() -> None:
    assert [t for t in LogType if is_main(line(1, t), "CE")] == ["C", "E"]
    assert is_main(line(1, LogType.INFO, origin="life"), "C")
    assert not is_main(line(1, LogType.DEBUG, origin="life"), "C")
    assert not is_main(line(1, LogType.INFO, module="", origin="life"), "C")


if sys.platform != "win32":

    def parsed(datagram: bytes) -> dict[str, str]:
        """As journald reads it."""
        fields = {}
        while datagram:
            name, _, datagram = datagram.partition(b"\n")
            if b"=" in name:
                name, _, value = name.partition(b"=")
            else:
                size = int.from_bytes(datagram[:8], "little")
                value, datagram = datagram[8 : 8 + size], datagram[9 + size :]
            fields[name.decode()] = value.decode()
        return fields

    @pytest.mark.covers("storage system log")
    def test_journald_gets_main_events(tmp_path: Path) -> None:
        path = tmp_path / "socket"
        assert isinstance(system_log(path), NoSystemLog)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journald:
            journald.bind(str(path))
            journald.settimeout(20)
            log = system_log(path)
            log.send(line(7, LogType.CRITICAL, "stopped:\ntwo lines"))
            log.send(line(8, LogType.INFO, "not said"))
            log.send(line(9, LogType.INFO, "UP Ready", origin="life"))
            log.send(line(10, LogType.USER, "agent", module=""))
            first, second, third = (parsed(journald.recv(65536)) for _ in range(3))
        assert first == {
            "MESSAGE": "web: stopped:\ntwo lines",
            "PRIORITY": "2",
            "SYSLOG_IDENTIFIER": "keepgreen",
            "KEEPGREEN_NODE": "node1",
            "KEEPGREEN_MODULE": "web",
            "KEEPGREEN_ORIGIN": "errd",
            "KEEPGREEN_TYPE": "C",
            "KEEPGREEN_CURSOR": "7",
        }
        assert (second["MESSAGE"], second["PRIORITY"]) == ("web: UP Ready", "6")
        assert (third["MESSAGE"], third["PRIORITY"]) == ("agent", "5")
        path.unlink()
        log.send(line(11))
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as again:
            again.bind(str(path))
            again.settimeout(20)
            log.send(line(12))
            assert parsed(again.recv(65536))["KEEPGREEN_CURSOR"] == "12"
        log.close()

    def test_a_full_journald_delays_nobody(tmp_path: Path) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journald:
            journald.bind(str(tmp_path / "socket"))
            log = system_log(tmp_path / "socket")
            for number in range(5000):
                log.send(line(number, text="x" * 1000))
            log.close()

    def test_a_secret_that_others_can_read_is_not_used(secret: Path) -> None:
        assert secret_in(secret) == "hunter2-geheim"
        secret.chmod(0o640)
        with pytest.raises(NotSent, match="0600"):
            secret_in(secret)


def test_a_secret_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(NotSent, match="cannot be read"):
        secret_in(tmp_path / "none")
    for content, why in ((b"\xff", "UTF-8"), (b"\n", "empty")):
        (tmp_path / "bad").write_bytes(content)
        (tmp_path / "bad").chmod(0o600)
        with pytest.raises(NotSent, match=why):
            secret_in(tmp_path / "bad")


def test_a_mail_says_the_gravest_first() -> None:
    lines = (line(1, LogType.INFO, "a"), line(2, LogType.CRITICAL, "stopped\r\nBcc: x"), line(3, LogType.ERROR, "c"))
    said = Message("node1", lines, left_out=4)
    assert subject(said) == "[Keepgreen] node1 web: stopped Bcc: x (and 6 more)"
    assert len(subject(message(line(1, text="x" * 500)))) < 140
    assert "4 earlier lines were left out" in body(said)
    assert body(said).index(" I web") < body(said).index(" C web")


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def server_context(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.mark.covers("storage mail", "mail.security", "mail.user", "mail.password_file", "mail.ca_file")
async def test_mail_by_starttls_with_a_login(tmp_path: Path, authority: trustme.CA, secret: Path) -> None:
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    server = FakeMailServer(server_context(authority), "hunter2-geheim")
    async with await server.start():
        target = MailServer(
            "127.0.0.1", server.port, "starttls", ("ops@example.com", "b@example.com"), "kg@example.com", "me", secret
        )
        with pytest.raises(NotSent, match="CERTIFICATE_VERIFY_FAILED"):
            await asyncio.to_thread(target.send, message())
        assert not any(command.startswith("AUTH") for command in server.commands)
        trusting = replace(target, ca_file=tmp_path / "ca.pem")
        await asyncio.to_thread(trusting.send, message(line(1, text="die Anwendung läuft nicht")))
        mail = email.message_from_string(server.mails[0], policy=email.policy.default)
        assert (mail["From"], mail["To"]) == ("kg@example.com", "ops@example.com, b@example.com")
        assert "die Anwendung läuft nicht" in mail["Subject"]
        assert "läuft" in mail.get_content()
        assert server.secure == [True]
        await asyncio.to_thread(secret.write_text, "wrong one")
        with pytest.raises(NotSent, match="535") as failed:
            await asyncio.to_thread(trusting.send, message())
        assert "wrong one" not in str(failed.value)


@pytest.mark.covers("storage mail", "mail.security")
async def test_mail_by_tls_and_without(tmp_path: Path, authority: trustme.CA) -> None:
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    server = FakeMailServer(server_context(authority))
    async with await server.start(tls=True):
        target = MailServer("127.0.0.1", server.port, "tls", ("o@example.com",), ca_file=tmp_path / "ca.pem")
        await asyncio.to_thread(target.send, message())
    async with await server.start():
        plain = MailServer("127.0.0.1", server.port, "none", ("o@example.com",))
        await asyncio.to_thread(plain.send, message())
        assert server.secure == [True, False]
    with pytest.raises(NotSent, match="refused"):
        await asyncio.to_thread(plain.send, message())


class FakeReceiver:
    """An HTTP server that keeps what was posted; answers with `status`."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.status = 204
        self.url = ""

    async def _take(self, request: web.Request) -> web.Response:
        self.got.append((dict(request.headers), await request.read()))
        return web.Response(status=self.status, headers={"Location": f"{self.url}/else"})

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["FakeReceiver"]:
        app = web.Application()
        app.router.add_route("*", "/{any:.*}", self._take)
        runner = web.AppRunner(app, access_log=logging.getLogger("none"))
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
        try:
            yield self
        finally:
            await runner.cleanup()


@pytest.mark.covers("storage webhook", "webhook.url", "webhook.secret_file")
async def test_a_webhook_is_signed(secret: Path) -> None:
    async with FakeReceiver().serving() as receiver:
        await asyncio.to_thread(Webhook(receiver.url, secret).send, Message("node1", (line(5), line(6)), 3))
        headers, posted = receiver.got[0]
        said = json.loads(posted)
        assert (said["node"], said["left_out"]) == ("node1", 3)
        assert [one["cursor"] for one in said["lines"]] == [5, 6]
        assert said["lines"][0]["type"] == "E"
        expected = hmac.new(b"hunter2-geheim", posted, hashlib.sha256).hexdigest()
        assert headers["X-Keepgreen-Signature"] == f"sha256={expected}"
        await asyncio.to_thread(Webhook(receiver.url).send, message())
        assert "X-Keepgreen-Signature" not in receiver.got[1][0]


@pytest.mark.parametrize("status", [302, 307, 400, 500])
async def test_a_webhook_that_refuses(status: int) -> None:
    async with FakeReceiver().serving() as receiver:
        receiver.status = status
        with pytest.raises(NotSent, match=f"HTTP status {status}"):
            await asyncio.to_thread(Webhook(receiver.url).send, message())
        assert len(receiver.got) == 1
    with pytest.raises(NotSent, match="cannot be reached"):
        await asyncio.to_thread(Webhook(receiver.url).send, message())


class FakeTarget:
    """Takes messages, or fails while `fails`."""

    def __init__(self) -> None:
        self.got: list[Message] = []
        self.fails = False
        self.tried = 0

    def send(self, message: Message) -> None:
        fails = self.fails  # as it was before anybody could see that it is tried
        self.tried += 1
        if fails:
            raise NotSent("nobody there")
        self.got.append(message)


@asynccontextmanager
async def posting(pace: Pace) -> AsyncIterator[tuple[FakeTarget, Callable[[LogLine], None], list[str]]]:
    target, said = FakeTarget(), list[str]()
    outbox = Outbox("e-mail", target.send, lambda type, text: said.append(f"{type} {text}"), "CE", pace)
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(outbox.run())
        yield target, outbox.offer, said
        task.cancel()


@pytest.mark.covers("storage batched")
async def test_lines_of_a_window_go_together() -> None:
    async with posting(replace(QUICK, window=0.3)) as (target, offer, _):
        for number in range(1, 6):
            offer(line(number, LogType.DEBUG if number == 3 else LogType.ERROR))
        await until(lambda: bool(target.got))
        assert [one.cursor for one in target.got[0].lines] == [1, 2, 4, 5]
        offer(line(6))
        await until(lambda: len(target.got) == 2)
        assert [one.cursor for one in target.got[1].lines] == [6]


async def test_a_failure_is_said_once_and_nothing_is_lost() -> None:
    async with posting(QUICK) as (target, offer, said):
        target.fails = True
        offer(line(1))
        await until(lambda: target.tried >= 3)
        offer(line(2))
        target.fails = False
        await until(lambda: bool(target.got))
        await until(lambda: len(said) == 2)
        assert [one.cursor for one in target.got[0].lines] == [1, 2]
        assert said == [
            "E e-mail is not delivered: nobody there; it is tried again",
            "I e-mail is delivered again",
        ]


async def test_the_queue_is_bounded_and_says_what_it_left_out() -> None:
    async with posting(replace(QUICK, waiting=10, window=0.2)) as (target, offer, _):
        for number in range(25):
            offer(line(number))
        await until(lambda: bool(target.got))
        assert [one.cursor for one in target.got[0].lines] == list(range(15, 25))
        assert target.got[0].left_out == 15


@pytest.mark.covers("storage batched")
async def test_no_more_than_so_many_an_hour() -> None:
    async with posting(replace(QUICK, hourly=2, hour=3.0)) as (target, offer, _):
        for number in range(4):
            offer(line(number))
            await until(lambda sent=number: len(target.got) > min(sent, 1))  # type: ignore[misc]
        assert [[one.cursor for one in sent.lines] for sent in target.got] == [[0], [1]]
        await until(lambda: len(target.got) == 3)
        assert [one.cursor for one in target.got[2].lines] == [2, 3]


async def test_a_target_that_hangs_keeps_nobody() -> None:
    import threading

    free = threading.Event()
    outbox = Outbox("e-mail", lambda message: bool(free.wait(60)) and None, lambda type, text: None, "CE", QUICK)
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(outbox.run())
        outbox.offer(line(1))
        await asyncio.sleep(0.2)
        task.cancel()
    free.set()
