"""What real agents write down: asked over the API, and put into a snapshot without secrets and without names."""

import base64
import io
import json
import re
import socket
import zipfile
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

import pytest
from prometheus_client.parser import text_string_to_metric_families

from nodeagent.adapters.http_api.users import read_table
from tests.e2e.real_farm import APP, CALLER, FILES, RealFarm, running_farm, until, userconfig
from tests.fakes.short_directory import short_directory

PLANTED = {
    "a var": "var-Hunter2-geheim",
    "a macro": "macro-Hunter3-geheim",
    "a file of a module": "file-Hunter4-geheim",
    "an output": "output-Hunter5-geheim",
    "a command line": "cmdline-Hunter6-geheim",
    "the mail password": "mail-Hunter7-geheim",
    "the webhook's path": "hook-Hunter8-geheim",
    "the webhook's secret": "sign-Hunter9-geheim",
    "the admin's password": "admin-Hunter10-geheim",
}
START = (
    FILES["bin/start_both"]
    + f"""
echo "the application says: $DB_PASSWORD"
echo "token: {PLANTED["an output"]}"
setsid bash -c "exec -a '{APP}-$SAFENODE-tool --password={PLANTED["a command line"]}' sleep 3600" >/dev/null 2>&1 &
echo "peer 10.77.1.9 and again 10.77.1.9, mail to anna.berg@corp.example.com"
""".encode()
)
STOP = FILES["bin/stop_both"].replace(b'-$SAFENODE "', b'-$SAFENODE[ -]"')


def module_files() -> dict[str, bytes]:
    xml = userconfig().decode()
    macro = f'<macro name="API_TOKEN" value="{PLANTED["a macro"]}"/>'
    var = f'<var name="DB_PASSWORD" value="{PLANTED["a var"]}"/>'
    var += '<var name="CONTACT" value="mailrelay.berlin.example.org"/>'
    xml = xml.replace("<safe>", f"<safe>\n  {macro}", 1)
    xml = re.sub(r"(<user [^>]*?)/>", rf"\1>{var}</user>", xml)
    settings = f"password = {PLANTED['a file of a module']}\nserver = db.corp.example.com\n"
    return {
        "bin/start_both": START,
        "bin/stop_both": STOP,
        "conf/userconfig.xml": xml.encode(),
        "conf/app.ini": settings.encode(),
    }


@pytest.fixture(scope="module")
def farm() -> Iterator[RealFarm]:
    with short_directory() as directory, running_farm(directory, 2) as farm:
        node = farm.nodes[0]
        node.kill_agent()
        var = node.home / "var"
        for name, planted in (("mail.password", "the mail password"), ("hook.secret", "the webhook's secret")):
            (var / name).write_text(PLANTED[planted])
            (var / name).chmod(0o600)
        with (var / "agent.toml").open("a") as settings:
            settings.write(
                '[mail]\nserver = "127.0.0.1"\nport = 9\nuser = "me"\npassword_file = "mail.password"\n'
                'to = ["ops@corp.example.com"]\n'
                + '[webhook]\nurl = "http://127.0.0.1:9/'
                + PLANTED["the webhook's path"]
                + '"\nsecret_file = "hook.secret"\n'
            )
        (var / "tmp").mkdir(exist_ok=True)
        (var / "tmp" / "snapshot-left.zip").write_bytes(b"PK")
        node.start_agent()
        node.ask("POST", "/users/admin/password", {"password": PLANTED["the admin's password"]})
        farm.install("farm", module_files())
        farm.start()
        node.ask("POST", "/modules/farm/print", {"text": "node1 speaks to 127.0.77.2", "error": False})
        yield farm


def unzipped(archive: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        assert opened.testzip() is None
        return {name: opened.read(name) for name in opened.namelist()}


def test_what_is_written_down(farm: RealFarm) -> None:
    node = farm.nodes[0]
    audit = node.get("/audit?text=commitModule")
    assert [line["who"] for line in audit["lines"]] == [CALLER]
    assert audit["lines"][0]["result"] == "ok"
    assert "changes" in node.get("/modules/farm/resources/proc.kg_app/history")
    with pytest.raises(AssertionError, match=r"farm has no resource .tcp\.none"):
        node.get("/modules/farm/resources/tcp.none/history")
    page = node.get("/log?limit=1")
    assert page["now"] >= page["lines"][0]["time"]
    (output,) = [known for known in node.get("/modules/farm/outputs") if "start_both" in known["path"]]
    path = f"/modules/farm/outputs/{output['path']}"
    whole = node.get(path)
    assert len(whole) == output["size"]
    assert node.get(f"{path}?offset=4&limit=11") == whole[4:15]
    assert not (node.home / "var" / "tmp" / "snapshot-left.zip").exists()


def test_metrics_of_a_real_agent(farm: RealFarm) -> None:
    text = farm.nodes[0].get("/metrics").decode()
    known = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert known["keepgreen_module_status", "farm", "Ready"] == 1
    assert known["keepgreen_peer_alive", "node2"] == 1
    assert known["keepgreen_script_duration_seconds_count", "farm", "start_both"] == 1
    assert known["keepgreen_log_lines_total", "I"] > 3


def secrets_of(node: Any) -> dict[str, bytes]:
    """Everything that must not leave the node, in the forms it is kept in."""
    stored = json.loads((node.home / "var" / "cluster" / "node.json").read_text())
    key = stored["keys"][0]
    table = read_table(base64.b64decode(stored["users"]))
    tls = (node.home / "var" / "tls" / "key.pem").read_text().splitlines()[1]
    return {
        **{what: planted.encode() for what, planted in PLANTED.items()},
        "the cluster key": key.encode(),
        "the cluster key in hex": base64.b64decode(key).hex().encode(),
        "the user table": stored["users"][:40].encode(),
        "a password's hash": table.users[0].hash.encode(),
        "the TLS key": tls.encode(),
    }


@pytest.mark.covers("storage snapshot", "storage snapshot secrets")
@pytest.mark.parametrize("anonymise", [0, 1])
def test_no_secret_leaves(farm: RealFarm, anonymise: int) -> None:
    node = farm.nodes[0]
    files = unzipped(node.get(f"/modules/farm/snapshot?anonymise={anonymise}"))
    for what, secret in secrets_of(node).items():
        assert not [name for name, data in files.items() if secret in data or secret.decode() in name], what
    manifest = json.loads(files["manifest.json"])
    broken = {entry["name"]: entry["problem"] for entry in manifest["parts"] if "problem" in entry}
    own = {name: why for name, why in broken.items() if not name.startswith(("system/", "network/"))}
    assert own == {}
    assert {"status.json", "log.jsonl", "audit.jsonl", "agent.toml", "metrics.txt", "file_modes.txt"} <= set(files)
    assert json.loads(files["vip.json"]) == [], "it has no virtual IP"
    assert "module/farm/1/conf/userconfig.xml" in files
    assert b"DB_PASSWORD" in files["module/farm/1/conf/userconfig.xml"]
    assert any(name.startswith("outputs/userlog_") for name in files)
    until(lambda: list((node.home / "var" / "tmp").iterdir()) == [], 20, "the file on the node is removed")


@pytest.mark.covers("storage anonymise")
def test_nobody_is_named(farm: RealFarm) -> None:
    files = unzipped(farm.nodes[0].get("/modules/farm/snapshot?anonymise=1"))
    hidden = [rb"10\.77\.1\.9", rb"\bnode[12]\b", rb"corp\.example", rb"anna", rb"mailrelay", rb"berlin\.example"]
    if len(socket.gethostname()) >= 3:
        hidden.append(re.escape(socket.gethostname()).encode())
    for pattern in hidden:
        assert not [name for name, data in files.items() if re.search(pattern, data)], pattern
    for name in ("cluster/1/cluster.xml", "module/farm/1/conf/userconfig.xml"):
        ElementTree.fromstring(files[name])
    for name, data in files.items():
        if name.endswith(".json"):
            json.loads(data)
        elif name.endswith(".jsonl"):
            for line in data.splitlines():
                json.loads(line)
    words = {node.attrib["name"] for node in ElementTree.fromstring(files["cluster/1/cluster.xml"]).iter("node")}
    status = json.loads(files["status.json"])
    assert {status["node"], status["peers"][0]["name"]} == words
    output = next(data for name, data in files.items() if "start_both" in name and name.startswith("outputs/"))
    (said,) = re.findall(rb"peer (\S+) and again (\S+), mail to (\S+)", output)
    assert said[0] == said[1]
    assert said[0].startswith(b"198.18.")


def test_a_notification_that_fails_is_said_without_its_secrets(farm: RealFarm) -> None:
    node = farm.nodes[0]
    until(lambda: bool(node.log(text="delivered")), 60, "a failed notification is said")
    text = json.dumps(node.log())
    assert "geheim" not in text.replace(PLANTED["an output"], "")
