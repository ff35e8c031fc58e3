"""The snapshot's zip: bounded parts, no secrets, and no names when they are not wanted."""

import json
import os
import re
import sys
import threading
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodeagent.adapters.support import (
    Anonymity,
    Bundle,
    Part,
    Secrecy,
    file_modes,
    is_secret,
    safe_name,
    secrets_of,
    system_parts,
    tail,
)
from nodeagent.adapters.support.system import output_of
from nodeagent.adapters.support.text import PIECE, in_pieces

PEM = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIB\nabc\n-----END EC PRIVATE KEY-----"
HASH = "$argon2id$v=19$m=19456,t=2,p=1$a2VlcGdyZWVuLW5vYm9keQ$tpsbERAUzfwESglWMLzhhKpw5bTKQPwf7"


@pytest.mark.covers("storage snapshot secrets")
@pytest.mark.parametrize(
    ("text", "gone", "stays"),
    [
        ('<var name="DB_PASSWORD" value="hunter2"/>', "hunter2", 'name="DB_PASSWORD"'),
        ("<macro value='hunter2' name='apiToken'/>", "hunter2", "apiToken"),
        ('<var\n name="MY_KEY"\n value="a&amp;b"/>', "a&amp;b", "MY_KEY"),
        ('<var name="PORT" value="8080"/>', "-", 'value="8080"'),
        ('<http url="x" password="hunter2"/>', "hunter2", 'url="x"'),
        ("<password>hunter2</password>", "hunter2", "</password>"),
        ("PASSWORD=hunter2 with blanks\nPORT=1", "blanks", "PORT=1"),
        ("export DB_PWD='hunter2'", "hunter2", "DB_PWD"),
        ('$Secret = "hunter2"', "hunter2", "$Secret"),
        ('{"token":"hunter2","state":"up"}', "hunter2", '"state":"up"'),
        ('{"text":"said {\\"password\\":\\"hunter2\\"}"}', "hunter2", "said"),
        ("mysql --password=hunter2 -u x", "hunter2", "-u x"),
        ("tool --api-key hunter2 -v", "hunter2", "-v"),
        ("https://me:hunter2@db.example/x", "hunter2", "db.example/x"),
        ("Authorization: Bearer abcdefgh.ijkl", "abcdefgh", "Authorization"),
        (PEM, "MHcCAQ", ""),
        (PEM[:40], "MHcC", ""),
        (f"hash {HASH} end", "tpsbERAU", "end"),
        ("the key rotation was accepted by node1", "-", "rotation was accepted"),
        ("tokens: 3, monkeys = many", "-", "monkeys = many"),
        ("exit code 3; password = none", "-", "none"),
    ],
)
def test_forms_of_secrets(text: str, gone: str, stays: str) -> None:
    clean = Secrecy().text(text)
    assert gone == "-" or gone not in clean
    assert stays in clean
    if gone == "-":
        assert clean == text
    if text.startswith("<"):
        ElementTree.fromstring(clean)
    if text.startswith("{"):
        json.loads(clean)


def test_known_secrets_go_in_every_spelling() -> None:
    secrecy = Secrecy()
    secrecy.know(['pa"s<s', "abc", bytes(range(32))])
    secrecy.learn('<var name="DB_PASSWORD" value="it&apos;s &amp; more"/><var name="HOST" value="db1"/>')
    said = 'pa"s<s | pa\\"s<s | pa&quot;s&lt;s | pa%22s%3Cs | it\'s & more | it&#x27;s &amp; more | db1 | abc'
    clean = secrecy.text(said)
    assert "pa" not in clean
    assert "more" not in clean
    assert clean.endswith("| db1 | abc")
    assert bytes(range(32)).hex() not in secrecy.text(f"key {bytes(range(32)).hex()}!")
    assert secrecy.text("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=") == "REMOVED"


@given(st.text(st.sampled_from("ab \n"), max_size=60_000))
def test_pieces_make_the_whole(text: str) -> None:
    met: list[str] = []
    assert in_pieces(text, lambda piece: met.append(piece) or piece) == text  # type: ignore[func-returns-value]
    assert all(len(piece) <= PIECE for piece in met)


def test_no_secret_hides_between_pieces() -> None:
    lines = "".join(f"{number} password=hunter{number}\n" for number in range(5000))
    assert "hunter" not in Secrecy().text(lines)
    pem = "x\n" * (PIECE // 2 - 10) + PEM
    assert "MHcCAQ" not in Secrecy().text(pem)


def test_names_of_secrets() -> None:
    assert all(map(is_secret, ("DB_PASSWORD", "apiKey", "SECRET", "x_token", "PASSWD", "myPwd")))
    assert not any(map(is_secret, ("PORT", "HOST", "user", "path")))


def test_the_working_directory_is_no_secret_of_the_environment() -> None:
    """Else every path below it would be gone from the snapshot of an agent that was started from a shell."""
    environment = {"PWD": "/srv/nodes", "OLDPWD": "/srv", "DB_PWD": "from the shell", "HOME": "/root"}
    assert secrets_of(environment) == ("from the shell",)


def anonymous() -> Anonymity:
    names = Anonymity()
    names.know("host", ["node1", "node2", "n", "7", "name", "localhost", "10.0.0.9"])
    names.know("user", ["anna", "root"])
    names.know("domain", ["corp.example.com"])
    return names


@pytest.mark.covers("storage anonymise")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10.0.0.1 10.0.0.2 10.0.0.1", "198.18.0.1 198.18.0.2 198.18.0.1"),
        ("10.0.0.1:80, 10.0.0.0/24.", "198.18.0.1:80, 198.18.0.2/24."),
        ("127.0.0.1 0.0.0.0 255.255.255.0 ::1", "127.0.0.1 0.0.0.0 255.255.255.0 ::1"),
        ("fe80::1%eth0 FE80:0::1 [fe80::2]:80", "2001:db8::1%eth0 2001:db8::1 [2001:db8::2]:80"),
        ("00:16:3E:00:00:01 00-16-3e-00-00-01", "02:00:00:00:00:01 02:00:00:00:00:01"),
        ("12:30:45 2026-11-23T03:50:19.123 1.2.3", "12:30:45 2026-11-23T03:50:19.123 1.2.3"),
        ("node1 NODE1 node10 node1.corp.example.com", "host-1 host-1 node10 host-1.domain-1"),
        ("anna@node2: root, /home/anna/x", "user-1@host-1: root, /home/user-1/x"),
        ('"line\\nnode1 and\\tanna"', '"line\\nhost-1 and\\tuser-1"'),
        ("mail anna.b@corp.example.com", "mail mail-1@example.invalid"),
        ('<node name="n" x="7"/> n 7', '<node name="host-1" x="host-2"/> n 7'),
        ("db2 localhost", "db2 localhost"),
    ],
)
def test_names_become_the_same_word_everywhere(text: str, expected: str) -> None:
    assert anonymous().text(text) == expected


def test_words_hold_over_all_parts() -> None:
    names = anonymous()
    first = names.text("node2 at 10.0.0.7")
    names.text("node1 at 10.0.0.8 for anna")
    assert names.text("again node2 at 10.0.0.7") == f"again {first}"


XML = (
    '<?xml version="1.0" encoding="utf-8"?>\n<cluster><lans port="4800"><lan name="default">'
    '<node name="node1" addr="10.0.0.1"/><node name="n" addr="fd00::5"/><node name="1" addr="10.0.0.3"/>'
    '<node name="lan" addr="10.0.0.4"/></lan></lans></cluster>'
)


def test_xml_stays_well_formed() -> None:
    names = Anonymity()
    names.know("host", ["node1", "n", "1", "lan", "cluster"])
    clean = names.text(Secrecy().text(XML))
    root = ElementTree.fromstring(clean.encode())
    told = [node.attrib for node in root.iter("node")]
    assert len({node["name"] for node in told}) == 4
    assert not re.search(r"10\.0\.0|fd00|node1", clean)


@given(st.text(max_size=200))
def test_any_text(text: str) -> None:
    anonymous().text(Secrecy().text(text))


@pytest.mark.parametrize("text", ["a", "key", "a:", "1.", " ", "\n", "--password ", "://", "<", "a@", "password="])
def test_long_lines_cost_no_more_than_many_short_ones(text: str) -> None:
    """One repetition that tries all lengths at all places would take hours here."""
    anonymous().text(Secrecy().text(text * (1_000_000 // len(text))))


def read(target: Path) -> tuple[dict[str, bytes], dict[str, dict[str, object]]]:
    with zipfile.ZipFile(target) as archive:
        assert archive.testzip() is None
        files = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(files.pop("manifest.json"))
    return files, {entry["name"]: entry for entry in manifest["parts"]}


def test_a_part_that_fails_aborts_nothing(tmp_path: Path) -> None:
    free = threading.Event()

    def failing() -> bytes:
        raise RuntimeError("no such thing, password=hunter2")

    def hanging() -> bytes:
        free.wait(60)
        return b""

    parts = [
        Part("failing.txt", failing),
        Part("hanging.txt", hanging),
        Part("large.txt", lambda: b"x" * 5000),
        Part("binary.bin", lambda: b"\x7fELF\0\0\0"),
        Part("latin.txt", lambda: b"caf\xe9 password=hunter2"),
        Part("wide.txt", lambda: "\ufeffpassword=hunter2, node1".encode("utf-16-le")),
        Part("of_node1.txt", lambda: b"node1"),
    ]
    names = Anonymity()
    names.know("host", ["node1"])
    target = tmp_path / "s.zip"
    Bundle(Secrecy(), names, part_bytes=1000, part_seconds=0.3).write(parts, target)
    free.set()
    files, manifest = read(target)
    assert set(files) == {"large.txt", "latin.txt", "wide.txt", "of_host-1.txt"}
    assert manifest["failing.txt"]["problem"] == "no such thing, password=REMOVED"
    assert "longer than" in str(manifest["hanging.txt"]["problem"])
    assert manifest["large.txt"]["cut"] is True
    assert len(files["large.txt"]) == 1000
    assert "no text" in str(manifest["binary.bin"]["problem"])
    assert files["latin.txt"] == b"caf\xe9 password=REMOVED"
    assert files["wide.txt"].decode("utf-16") == "password=REMOVED, host-1"
    assert not any(b"hunter2" in data for data in files.values())
    if sys.platform != "win32":
        assert target.stat().st_mode & 0o777 == 0o600


def test_all_parts_together_have_an_end(tmp_path: Path) -> None:
    Bundle(Secrecy(), all_seconds=0.0).write([Part("a.txt", lambda: b"a")], tmp_path / "s.zip")
    files, manifest = read(tmp_path / "s.zip")
    assert files == {}
    assert "too long" in str(manifest["a.txt"]["problem"])


def test_the_system_is_asked(tmp_path: Path) -> None:
    Bundle(Secrecy()).write(system_parts(), tmp_path / "s.zip")
    files, manifest = read(tmp_path / "s.zip")
    assert set(manifest) == {part.name for part in system_parts()}
    assert str(os.getpid()).encode() in files["system/processes.txt"]
    assert b"python: 3." in files["system/versions.txt"]
    assert all(entry.get("problem") or name in files for name, entry in manifest.items())


if sys.platform != "win32":

    def test_commands_are_bounded() -> None:
        assert output_of(("sh", "-c", "echo good")) == b"good\n"
        assert output_of(("sh", "-c", "echo bad; exit 3")) == b"bad\n\n[exit code 3]\n"
        assert b"[ended after 0.3 s]" in output_of(("sh", "-c", "echo slow; sleep 60"), 0.3)
        assert b"[cut after 2097152 bytes]" in output_of(("yes",), 30.0)
        with pytest.raises(OSError, match="is not on this machine"):
            output_of(("no-such-program-here",))

    def test_links_are_not_followed(tmp_path: Path) -> None:
        (tmp_path / "link").symlink_to("/etc/passwd")
        with pytest.raises(OSError, match="is a link"):
            tail(tmp_path / "link", 100)


def test_the_end_of_a_file_and_its_mode(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"first\nsecond\nthird\n")
    assert tail(tmp_path / "a", 100) == b"first\nsecond\nthird\n"
    assert tail(tmp_path / "a", 9) == b"third\n"
    assert str(tmp_path / "a").encode() in file_modes([tmp_path])


def test_names_inside_the_zip() -> None:
    assert safe_name("outputs", "a:b?.ulog") == "outputs/a_b_.ulog"
    assert safe_name("..", "/etc/passwd") == "etc/passwd"
