import pytest

from nodeagent.contract.live_changes import restart_changes

FILE = b"""<safe><macro name="LAN" value="default"/>
<service mode="farm" maxloop="3"><farm><lan name="%LAN%"/></farm>
<errd polltimer="10"><proc name="a" class="both"/></errd><user/></service></safe>"""


@pytest.mark.parametrize(
    ("old", "new", "waits"),
    [
        (b"default", b"private", ("farm/lan@name",)),
        (b"<farm>", b'<farm><lan name="second"/>', ("farm/lan@name",)),
        (b'<farm><lan name="%LAN%"/></farm>', b"", ("farm/lan@name",)),
        (b'mode="farm"', b'mode="light"', ("service@mode",)),
        (b'maxloop="3"', b'maxloop="4"', ()),
        (b'polltimer="10"', b'polltimer="5"', ()),
        (b'name="a"', b'name="b"', ()),
        (b'"%LAN%"', b"'default'", ()),
        (b"<service", b"<!-- a word --><service", ()),
    ],
)
def test_what_waits_for_the_next_start(old: bytes, new: bytes, waits: tuple[str, ...]) -> None:
    assert old in FILE
    assert restart_changes(FILE, FILE.replace(old, new), {}, {}) == waits


def test_the_environment_of_the_apply_counts() -> None:
    file = FILE.replace(b'<macro name="LAN" value="default"/>', b"")
    assert restart_changes(file, file, {"LAN": "a"}, {"LAN": "b"}) == ("farm/lan@name",)
    assert restart_changes(file, file, {"LAN": "a"}, {"LAN": "a"}) == ()
