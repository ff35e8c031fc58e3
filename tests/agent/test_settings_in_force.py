"""What agent.toml says of records, mail and webhook reaches what keeps, sends and posts."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from nodeagent.adapters.journal import Limits
from nodeagent.adapters.notify import MailServer, Webhook
from nodeagent.adapters.settings import Records, Settings, read_settings
from nodeagent.agent.notifications import Notifications, mail_server, webhook_target
from nodeagent.agent.record_keeping import journal_limits
from nodeagent.agent.upkeep import Upkeep
from nodeagent.contract.api import LogLine
from nodeagent.contract.states import LogType
from nodeagent.durable import wall_time
from nodeagent.home import Home
from tests.adapters.test_notify import FakeReceiver
from tests.fakes.mail_server import FakeMailServer
from tests.fakes.waiting import until

DAY = 86400.0


def settings(text: str) -> Settings:
    read, problems = read_settings(text.encode())
    assert read is not None, problems
    assert problems == []
    return read


@pytest.mark.covers("records.log_days", "records.log_mb", "records.audit_days", "records.history_days")
def test_the_bounds_of_the_log() -> None:
    told = "[records]\nlog_days = 1\nlog_mb = 20\naudit_days = 3\nhistory_days = 4\n"
    limits = Limits(age=DAY, size=20 * 1024 * 1024, audit_age=3 * DAY, history_age=4 * DAY)
    assert journal_limits(settings(told).records) == limits
    assert journal_limits(Records()) == Limits()


@pytest.mark.covers("records.output_days")
def test_how_long_outputs_stay(tmp_path: Path) -> None:
    home = Home(tmp_path, tmp_path / "var")
    outputs = home.user_log("web")
    outputs.mkdir(parents=True)
    for days in (1, 3, 8):
        file = outputs / f"userlog_{days}_start_both.ulog"
        file.touch()
        at = wall_time() - days * DAY
        os.utime(file, (at, at))
    (outputs / "userlog_new_start_both.ulog").touch()
    Upkeep(home, settings("[records]\noutput_days = 4\n").records.output_days).forget_outputs()
    assert sorted(file.name.split("_")[1] for file in outputs.iterdir()) == ["1", "3", "new"]


MAIL = """[mail]
server = "mail.example.com"
port = {port}
security = "{security}"
user = "me"
password_file = "mail.password"
from = "kg@example.com"
to = ["a@example.com"]
ca_file = "ca.pem"
"""


@pytest.mark.covers("mail.server", "mail.port", "mail.security", "mail.user", "mail.password_file", "mail.ca_file")
@pytest.mark.covers("mail.from", "mail.to")
@pytest.mark.parametrize(("security", "port"), [("starttls", 2525), ("tls", 2465)])
def test_where_mail_goes_and_as_whom(tmp_path: Path, security: str, port: int) -> None:
    said = settings(MAIL.format(security=security, port=port)).mail
    assert mail_server(said, tmp_path) == MailServer(
        "mail.example.com",
        port,
        security,
        ("a@example.com",),
        "kg@example.com",
        "me",
        tmp_path / "mail.password",
        tmp_path / "ca.pem",
    )
    assert mail_server(replace(said, port=0), tmp_path).port == {"starttls": 587, "tls": 465}[security]


@pytest.mark.covers("webhook.url", "webhook.secret_file", "webhook.ca_file")
def test_where_the_webhook_posts(tmp_path: Path) -> None:
    said = '[webhook]\nurl = "https://h.example/x"\nsecret_file = "hook.secret"\nca_file = "ca.pem"\n'
    expected = Webhook("https://h.example/x", tmp_path / "hook.secret", tmp_path / "ca.pem")
    assert webhook_target(settings(said).webhook, tmp_path) == expected


@asynccontextmanager
async def notifying(text: str, var: Path) -> AsyncIterator[Notifications]:
    async with asyncio.TaskGroup() as tasks:
        made = Notifications(settings(text), var, lambda kind, said: None, window=0.05)
        task = tasks.create_task(made.run())
        yield made
        task.cancel()


async def only_one_line_of_a_user(made: Notifications, got: Callable[[], int]) -> None:
    """With `types = "U"` and `hourly = 1`."""
    for cursor, kind in enumerate((LogType.CRITICAL, LogType.USER), 1):
        made.line_written(LogLine(cursor, 1.0, "n1", "web", "errd", kind, f"of type {kind}"))
    await until(lambda: got() == 1)
    made.line_written(LogLine(3, 1.0, "n1", "web", "errd", LogType.USER, "an hour later"))
    await asyncio.sleep(0.5)
    assert got() == 1


@pytest.mark.covers("webhook.types", "webhook.hourly")
async def test_which_lines_are_posted_and_how_often(tmp_path: Path) -> None:
    async with FakeReceiver().serving() as receiver:
        text = f'[webhook]\nurl = "{receiver.url}"\ntypes = "U"\nhourly = 1\n'
        async with notifying(text, tmp_path) as made:
            await only_one_line_of_a_user(made, lambda: len(receiver.got))
        assert [line["text"] for line in json.loads(receiver.got[0][1])["lines"]] == ["of type U"]


@pytest.mark.covers("mail.types", "mail.hourly")
async def test_which_lines_are_mailed_and_how_often(tmp_path: Path) -> None:
    server = FakeMailServer()
    async with await server.start():
        text = f'[mail]\nserver = "127.0.0.1"\nport = {server.port}\nsecurity = "none"\nto = ["o@example.com"]\n'
        async with notifying(f'{text}types = "U"\nhourly = 1\n', tmp_path) as made:
            await only_one_line_of_a_user(made, lambda: len(server.mails))
        assert "of type U" in server.mails[0]
        assert "of type C" not in server.mails[0]


async def test_a_directory_that_cannot_be_read_does_not_end_the_agent(tmp_path: Path) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await Upkeep(Home(tmp_path, tmp_path / ("x" * 300)), 1).run()
