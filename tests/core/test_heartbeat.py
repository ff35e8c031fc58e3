import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodeagent.contract.states import Mode, State, Status
from nodeagent.core.heartbeat import (
    MAX_DATAGRAM,
    Beat,
    Echo,
    Header,
    ModuleBeat,
    Page,
    decode_beat,
    decode_page,
    encode_beat,
    encode_page,
    module_entry,
    module_id,
    read_header,
)
from nodeagent.core.pages import Inbox, Outbox

HEADER = Header(1, 2, b"k" * 8, b"s" * 16, 7, "node-1.example")


def page(index: int, pages: int, outbox: Outbox) -> Page:
    return Page(b"sig", "uuid", "1", 9453, 9010, [1], outbox.module_set, index, pages, outbox.entries(index))


def test_a_header_comes_back() -> None:
    data = HEADER.encode() + b"x" * 17
    assert read_header(data) == (HEADER, len(data) - 17)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        HEADER.encode(),
        HEADER.encode() + b"x" * 16,
        b"XX" + HEADER.encode()[2:] + b"x" * 40,
        HEADER.encode() + b"x" * MAX_DATAGRAM,
        HEADER.encode()[:36] + b"\xff" + b"n" * 30,
        HEADER.encode()[:36] + b"\x00" + b"n" * 60,
        HEADER.encode()[:36] + b"\x02\xc3\xa9" + b"n" * 60,
    ],
)
def test_what_is_no_heartbeat(data: bytes) -> None:
    assert read_header(data) is None


@given(st.binary(max_size=1300))
def test_any_bytes_are_a_header_or_nothing(data: bytes) -> None:
    read_header(data)
    read_header(HEADER.encode()[:20] + data)


beats = st.builds(
    ModuleBeat,
    st.sampled_from(State),
    st.sampled_from(Status),
    st.sampled_from(Mode),
    st.integers(0, 1000),
    st.integers(0, 2**64 - 1),
    st.binary(max_size=40),
    st.booleans(),
)


@given(beats)
def test_a_module_comes_back(beat: ModuleBeat) -> None:
    entry = module_entry("web", beat)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(entry), type=type(entry)).beat() == beat


def test_fields_and_words_of_a_later_version_are_passed_over() -> None:
    beat = Beat(0, 5, 6, [Echo(b"s" * 16, 1, 2)], encode_page(Page(b"", "u", "1", 1, 2, [], 0, 0, 1, [])))
    later = msgspec.msgpack.encode([*msgspec.msgpack.decode(encode_beat(beat)), {"new": 1}])
    assert decode_beat(later).stamp == 5
    entry = module_entry("web", ModuleBeat(State.UP, Status.READY))
    assert msgspec.structs.replace(entry, state=99).beat() is None
    raw = msgspec.Raw(msgspec.msgpack.encode([b"", "u", "1", 1, 2, [], 0, 0, 1, [], True, "later"]))
    assert decode_page(raw).uuid == "u"


def test_a_page_of_before_the_confirmation_says_that_nothing_is_confirmed() -> None:
    raw = msgspec.Raw(msgspec.msgpack.encode([b"", "u", "1", 1, 2, [], 0, 0, 1, []]))
    assert not decode_page(raw).confirmed


def test_the_pages_of_many_modules_arrive_whole_and_change_one_by_one() -> None:
    modules = {f"m{i}": ModuleBeat(State.STOP, Status.NOT_READY) for i in range(100)}
    out, inbox = Outbox(), Inbox()
    out.put(modules, 800)
    assert out.count > 2
    for _ in range(10):  # one second of pulses
        for index in out.take(0.1):
            inbox.take(page(index, out.count, out))
    assert len(inbox.modules) == 100

    modules["m50"] = ModuleBeat(State.UP, Status.READY)
    out.put(modules, 800)
    for index in out.take(0.1):
        inbox.take(page(index, out.count, out))
    assert inbox.modules[module_id("m50")].state is State.UP
    assert len(inbox.modules) == 100

    del modules["m1"]
    out.put(modules, 800)
    first, *rest = range(out.count)
    inbox.take(page(first, out.count, out))
    assert len(inbox.modules) == 100, "a module goes only when no page names it"
    for index in rest:
        inbox.take(page(index, out.count, out))
    assert module_id("m1") not in inbox.modules
    assert len(inbox.modules) == 99


def test_with_a_long_pulse_all_pages_still_go_out_every_second() -> None:
    out = Outbox()
    out.put({f"m{i}": ModuleBeat(State.STOP, Status.NOT_READY) for i in range(100)}, 800)
    for _ in range(5):
        assert out.take(1.0) == list(range(out.count))
