from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodeagent.adapters.settings import (
    Listen,
    Mail,
    Permissions,
    Records,
    Settings,
    Webhook,
    load_settings,
    read_settings,
)
from nodeagent.contract.errors import Severity, errors_of


def test_no_file_means_the_defaults(tmp_path: Path) -> None:
    assert load_settings(tmp_path / "agent.toml") == (Settings(Listen("", 9010, 9453, 9001)), [])


def test_values(tmp_path: Path) -> None:
    file = tmp_path / "agent.toml"
    file.write_bytes(b'\xef\xbb\xbf[listen]\r\naddress = "127.0.0.11"\r\nhealth_port = 9910 # other\r\n')
    assert load_settings(file) == (Settings(Listen("127.0.0.11", 9910, 9453, 9001)), [])
    assert load_settings(tmp_path)[0] is None


def test_mail_webhook_and_records() -> None:
    text = b"""
[records]
log_days = 7
[mail]
server = "mail.example.com"
user = "me"
password_file = "mail.password"
from = "kg@example.com"
to = ["a@example.com", "b@example.com"]
types = "CEU"
[webhook]
url = "https://hooks.example.com/a?b=c"
"""
    settings, problems = read_settings(text)
    assert settings is not None
    assert problems == []
    assert settings.records == Records(log_days=7)
    to = ("a@example.com", "b@example.com")
    assert settings.mail == Mail(
        "mail.example.com", user="me", password_file="mail.password", sender="kg@example.com", to=to, types="CEU"
    )
    assert settings.mail.real_port == 587
    assert settings.webhook == Webhook("https://hooks.example.com/a?b=c")


@pytest.mark.covers("agent.reboot")
def test_a_reboot_must_be_allowed() -> None:
    assert not Settings().agent.reboot
    allowed, problems = read_settings(b"[agent]\nreboot = true\n")
    assert (allowed, problems) == (Settings(agent=Permissions(reboot=True)), [])


@pytest.mark.parametrize(
    ("text", "line", "expected"),
    [
        ('[listen]\naddress = "localhost"', 2, '"" for all'),
        ("[listen]\naddress = 127", 2, '"" for all'),
        ("[listen]\n\nhealth_port = 0", 3, "1 to 65535"),
        ('[listen]\nhealth_port = "9010"', 2, "1 to 65535"),
        ("[listen]\napi_port = true", 2, "1 to 65535"),
        ("[listen]\nenrol_port = 65536", 2, "1 to 65535"),
        ("listen.api_port = -1", 1, "1 to 65535"),
        ("[listen]\napi_port = 9001", 2, "api_port too"),
        ("listen = 3", 1, "[listen]"),
        ("[listen]\nhealth_port = 9010\nhealth_port", 3, "not TOML"),
        ("[listen", 1, "not TOML"),
        ("agent = 3", 1, "[agent]"),
        ("[agent]\nreboot = 1", 2, "neither true nor false"),
        ("[records]\nlog_days = 0", 2, "1 to 3650"),
        ("[records]\nlog_mb = 5", 2, "10 to 100000"),
        ("[listen]\naddress = ''\n[mail]\nserver = 'm'\nto = 'a@b'", 5, "not a list"),
        ("[mail]\nserver = 'm'\nto = ['a@b', 'c d@e']", 3, "'c d@e' is not an e-mail address"),
        ('[mail]\nserver = "m"\nto = ["a@b\\r\\nBcc: x@y"]', 3, "not an e-mail address"),
        ("[mail]\nto = ['a@b']", 1, "[mail] needs server"),
        ("[mail]\nserver = 'm'", 1, "[mail] needs to"),
        ("[mail]\nserver = 'm'\nto = ['a@b']\nuser = 'u'", 4, "go together"),
        ("[mail]\nserver='m'\nto=['a@b']\nuser='u'\npassword_file='p'\nsecurity='none'", 6, "in the clear"),
        ("[mail]\nserver = 'm'\nto = ['a@b']\nsecurity = 'ssl'", 4, "not one of none, starttls, tls"),
        ("[mail]\nserver = 'm'\nto = ['a@b']\ntypes = 'EX'", 4, "the letters CEUSID"),
        ("[webhook]\nhourly = 5", 1, "[webhook] needs url"),
        ("[mail]\nserver='m'\nto=['a@b']\nhourly=5\n[webhook]\nurl='http://h'\nhourly=0", 7, "1 to 1000"),
        *((f"[webhook]\nurl = {url!r}", 2, "https://host/path") for url in ("ftp://x/", "https://", "http://a b", "")),
    ],
)
def test_bad_values(text: str, line: int, expected: str) -> None:
    settings, problems = read_settings(text.encode(), "agent.toml")
    assert settings is None
    (error,) = errors_of(problems)
    assert expected in error.text
    assert error.file == "agent.toml"
    assert error.line == line or expected == "api_port too"


def test_all_errors_at_once_and_unknown_keys_as_warnings() -> None:
    text = b'[log]\nlevel = 1\n[listen]\nport = 1\nhealth_port = -1\naddress = "x"\n'
    settings, problems = read_settings(text)
    assert settings is None
    assert [(p.severity, p.line, p.path) for p in problems] == [
        (Severity.WARNING, 1, "log"),
        (Severity.WARNING, 4, "listen/port"),
        (Severity.ERROR, 6, "listen/address"),
        (Severity.ERROR, 5, "listen/health_port"),
    ]
    assert read_settings(b"[listen]\nport = 1\n")[0] == Settings()


def test_not_text() -> None:
    settings, problems = read_settings(b"[listen]\naddress = '\xff'")
    assert settings is None
    assert problems[0].line == 2


@given(st.binary(max_size=80))
def test_any_bytes(data: bytes) -> None:
    settings, problems = read_settings(b"[listen]\n" + data)
    assert (settings is None) == bool(errors_of(problems))
