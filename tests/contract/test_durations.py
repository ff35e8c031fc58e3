import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodeagent.contract.durations import LONGEST, Duration, Unit, parse_duration


@pytest.mark.parametrize(
    ("text", "native", "microseconds"),
    [
        ("0", "s", 0),
        ("0ms", "s", 0),
        ("24", "h", 86_400_000_000),
        ("24", "s", 24_000_000),
        ("100", "ms", 100_000),
        ("100ms", "h", 100_000),
        ("1m30s", "ms", 90_000_000),
        ("1m 30s", "ms", 90_000_000),
        ("1d2h3m4s5ms6us", "s", 93_784_005_006),
        ("1.5", "s", 1_500_000),
        ("0.1", "s", 100_000),
        ("0.5h", "s", 1_800_000_000),
        ("1000us", "s", 1_000),
        ("1ms", "s", 1_000),
        (" 7s ", "h", 7_000_000),
        ("90m", "s", 5_400_000_000),
    ],
)
def test_text_means_an_exact_time(text: str, native: Unit, microseconds: int) -> None:
    assert parse_duration(text, native) == Duration(microseconds)


@pytest.mark.parametrize(
    ("text", "native", "fragment"),
    [
        ("", "s", "must be a duration: a number of seconds"),
        ("   ", "h", "must be a duration: a number of hours"),
        ("ten", "s", "must be a duration"),
        ("-1", "s", "must be a duration"),
        ("10 s", "s", "must be a duration"),
        ("30s1m", "s", "from the longest to the shortest"),
        ("1s1s", "s", "must be a duration"),
        ("1S", "s", "must be a duration"),
        ("1,5", "s", "must be a duration"),
        ("1e3", "s", "must be a duration"),
        ("٣", "s", "must be a duration"),
        ("9" * 5000, "s", "must be a duration"),
        ("0.5", "ms", "shorter than 1 ms (a number without suffix counts in milliseconds here)"),
        ("999us", "s", "shorter than 1 ms (a number without suffix counts in seconds here)"),
        ("0.0001", "s", "shorter than 1 ms"),
        ("999999", "d", "longer than 100 years (a number without suffix counts in days here)"),
        ("1.0000001", "s", "finer than one microsecond"),
    ],
)
def test_what_is_no_duration_is_said_with_its_unit(text: str, native: Unit, fragment: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse_duration(text, native)
    assert fragment in str(caught.value)


@pytest.mark.parametrize(
    ("microseconds", "text", "words"),
    [
        (0, "0", "0 seconds"),
        (90_000_000, "1m30s", "1 minute 30 seconds"),
        (86_400_000_000, "1d", "1 day"),
        (100_000, "100ms", "100 milliseconds"),
        (7_200_000_001, "2h1us", "2 hours 1 microsecond"),
    ],
)
def test_a_duration_is_written_shortly_and_in_words(microseconds: int, text: str, words: str) -> None:
    assert (str(Duration(microseconds)), Duration(microseconds).words) == (text, words)


def test_seconds_are_a_float_and_order_is_by_length() -> None:
    assert Duration(1_500_000).seconds == 1.5
    assert Duration(1) < Duration(2)


@given(st.integers(1_000, LONGEST))
def test_what_is_written_reads_back_exactly(microseconds: int) -> None:
    assert parse_duration(str(Duration(microseconds)), "d") == Duration(microseconds)
