import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from app.viewmodels import text
from app.viewmodels.text import NBSP


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    text.use_language("en")
    yield
    text.use_language("en")


def plain(words: str) -> str:
    return words.replace(NBSP, " ")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (3599, "59 min"),
        (3600, "1 h 0 min"),
        (56880, "15 h 48 min"),
        (86399, "23 h 59 min"),
        (360000, "4 d 4 h"),
        (-5, "0 s"),
    ],
)
def test_span(seconds: float, words: str) -> None:
    assert plain(text.span(seconds)) == words


@pytest.mark.parametrize(("seconds", "words"), [(14, "0:14"), (300, "5:00"), (3729, "1:02:09"), (-1, "0:00")])
def test_counted(seconds: float, words: str) -> None:
    assert text.counted(seconds) == words


@pytest.mark.parametrize(("value", "words"), [(50.0, "50 %"), (33.3, "33.3 %"), (4.26, "4.3 %"), (99.97, "100 %")])
def test_percent(value: float, words: str) -> None:
    assert plain(text.percent(value)) == words


def test_milliseconds_tell_a_decimal_only_when_short() -> None:
    assert plain(text.milliseconds(1.38)) == "1380 ms"
    assert plain(text.milliseconds(0.0008)) == "0.8 ms"


def test_a_moment_says_as_much_of_the_date_as_is_needed() -> None:
    now = datetime(2026, 11, 22, 13, 52, 4).astimezone()
    then = now - timedelta(minutes=40)
    assert plain(text.moment(then.timestamp(), now.timestamp())) == "22 Nov 13:12:04"
    assert plain(text.moment((now - timedelta(days=4)).timestamp(), now.timestamp())) == "18 Nov 13:52"
    assert plain(text.moment((now - timedelta(days=365)).timestamp(), now.timestamp())) == "22 Nov 2025 13:52"


def test_ago_becomes_a_date_after_a_day() -> None:
    now = datetime(2026, 11, 22, 13, 0).astimezone().timestamp()
    assert plain(text.ago(now - 3, now)) == "3 s ago"
    assert plain(text.ago(now - 4 * 86400, now)) == "on 18 Nov 13:00"


def test_clock_is_local_and_fine_clock_has_milliseconds() -> None:
    when = datetime(2026, 11, 22, 13, 11, 43, 318_000, tzinfo=UTC).timestamp()
    local = datetime.fromtimestamp(when, UTC).astimezone()
    assert text.clock(when) == f"{local:%H:%M:%S}"
    assert text.clock_fine(when).endswith(".318")


def test_french_has_its_comma_its_words_and_its_plural() -> None:
    text.use_language("fr")
    assert text.number(5.0, 1) == "5,0"
    assert plain(text.percent(33.3)) == "33,3 %"
    assert plain(text.ago(0.0, 2400.0)) == "il y a 40 min"
    assert text.trn("{count} module", "{count} modules", 0) == "0 module"
    assert text.names(["node1", "node2", "node3"]) == "node1, node2 et node3"
    assert text.said("already stopped") == "déjà arrêté"


def test_english_counts_nothing_as_many() -> None:
    assert text.trn("{count} module", "{count} modules", 0) == "0 modules"


def test_what_the_catalogue_does_not_know_stays_readable() -> None:
    text.use_language("fr")
    assert text.said("w3wp.exe gone 4 times") == "w3wp.exe gone 4 times"


def test_braces_in_a_phrase_without_values_are_no_places() -> None:
    assert text.tr("odd {thing") == "odd {thing"


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(ValueError, match="en, fr"):
        text.use_language("de")


def test_sizes() -> None:
    assert [plain(text.file_size(size)) for size in (1, 611, 12_400, 3_100_000)] == [
        "1 byte",
        "611 bytes",
        "12.4 kB",
        "3.1 MB",
    ]


def test_local_times_follow_the_zone_of_the_computer() -> None:
    assert text.clock(0.0) == time.strftime("%H:%M:%S", time.localtime(0))
