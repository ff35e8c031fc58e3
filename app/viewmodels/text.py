"""Every word of the console passes here: `tr` for sentences, the rest for times and figures.

The English text is the key of the catalogue, so English needs none and a missing translation is still readable.
State words, names and what a node says are not sentences of ours; `said` translates those of its sentences that
are always made alike.
"""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache

from app.resource_files import resource
from app.viewmodels.said_patterns import PHRASES, pattern_of

NBSP = "\N{NO-BREAK SPACE}"
LANGUAGES = {"en": "English", "fr": "Français"}
"""Languages by code, each named in itself."""

MINUTE, HOUR, DAY = 60, 3600, 86400
"""Seconds."""


class _Chosen:
    """The language in use, one for the process."""

    language = "en"


@cache
def catalogue(language: str) -> dict[str, str]:
    """English text → text of this language; empty for English."""
    if language == "en":
        return {}
    words: dict[str, str] = json.loads(resource(f"i18n/{language}.json").read_text("utf-8"))
    return words


def use_language(language: str) -> None:
    """Speak this language from now on; ValueError when it is none of LANGUAGES."""
    if language not in LANGUAGES:
        raise ValueError(f"{language} is no language of the console: {', '.join(LANGUAGES)}")
    _Chosen.language = language


def language() -> str:
    """The code of the language in use."""
    return _Chosen.language


def tr(message: str, /, **values: object) -> str:
    """This English text in the language in use, with `{name}` replaced by `name=`."""
    found = catalogue(_Chosen.language).get(message, message)
    return found.format(**values) if values else found


def trn(one: str, many: str, count: int, /, **values: object) -> str:
    """`one` or `many`, both with `{count}`; French counts 0 as one."""
    single = count == 1 or (count == 0 and _Chosen.language == "fr")
    return tr(one if single else many, count=count, **values)


def said(words: str) -> str:
    """What the agent or a check says: translated when it is always made alike, else as it is."""
    known = catalogue(_Chosen.language)
    if not known or words in known:
        return known.get(words, words)
    found = pattern_of(words)
    if found is None:
        return words
    pattern, values = found
    return known.get(pattern, pattern).format(
        **{place: said(value) if place in PHRASES else value for place, value in values.items()}
    )


def number(value: float, decimals: int = 0) -> str:
    """`5.0` or `5,0`."""
    text = f"{value:.{decimals}f}"
    return text.replace(".", ",") if _Chosen.language == "fr" else text


def percent(value: float) -> str:
    """`50 %`, `33.3 %`: one decimal only where it says something."""
    rounded = round(value, 1)
    return number(rounded, 0 if rounded == int(rounded) else 1) + NBSP + "%"


def milliseconds(seconds: float) -> str:
    """Short times of the wire: `0.8 ms`, `1380 ms`."""
    value = seconds * 1000
    return number(value, 1 if value < 10 else 0) + NBSP + "ms"


def counted(seconds: float) -> str:
    """What runs now, as `0:14`, `5:00`, `1:02:09`."""
    whole = max(int(seconds), 0)
    hours, minutes, rest = whole // HOUR, whole % HOUR // MINUTE, whole % MINUTE
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def span(seconds: float) -> str:
    """A length of time for people: `38 s`, `40 min`, `15 h 48 min`, `4 d 4 h`."""
    whole = max(int(seconds), 0)
    if whole < MINUTE:
        return tr("{seconds} s", seconds=whole).replace(" ", NBSP)
    if whole < HOUR:
        return tr("{minutes} min", minutes=whole // MINUTE).replace(" ", NBSP)
    if whole < DAY:
        hours, minutes = whole // HOUR, whole % HOUR // MINUTE
        return tr("{hours} h {minutes} min", hours=hours, minutes=minutes).replace(" ", NBSP)
    return tr("{days} d {hours} h", days=whole // DAY, hours=whole % DAY // HOUR).replace(" ", NBSP)


def ago(when: float, now: float) -> str:
    """`3 s ago`, `40 min ago`, `2 h 5 min ago`; from a day on the date, `on 18 Nov 09:32`."""
    if now - when >= DAY:
        return tr("on {moment}", moment=moment(when, now))
    return tr("{span} ago", span=span(now - when))


def clock(when: float) -> str:
    """`13:12:04`, local time."""
    return _local(when).strftime("%H:%M:%S")


def clock_fine(when: float) -> str:
    """`13:12:04.318`, local time."""
    return f"{clock(when)}.{int(when * 1000) % 1000:03}"


def short_clock(when: float) -> str:
    """`14:30`, local time."""
    return _local(when).strftime("%H:%M")


def moment(when: float, now: float) -> str:
    """A date and time, local: `22 Nov 13:12:04`, older than a day `18 Nov 09:32`, another year `18 Nov 2024 09:32`."""
    date, today = _local(when), _local(now)
    year = f" {date.year}" if date.year != today.year else ""
    time = clock(when) if abs(now - when) < DAY else short_clock(when)
    return f"{date.day}{NBSP}{_month(date.month)}{year} {time}"


def names(several: Iterable[str]) -> str:
    """`node1`, `node1 and node2`, `node1, node2 and node3`."""
    listed = list(several)
    if len(listed) < 2:
        return "".join(listed)
    return tr("{first} and {last}", first=", ".join(listed[:-1]), last=listed[-1])


def joined(parts: Iterable[str]) -> str:
    """`one thing; another`, with the blanks of the language; empty parts are left out."""
    return tr("; ").join(part for part in parts if part)


def labelled(*parts: str) -> str:
    """`node1: timed out`, with the blanks of the language; empty parts are left out."""
    return tr(": ").join(part for part in parts if part)


def file_size(size: int) -> str:
    """`611 bytes`, `12.4 kB`, `3.1 MB`."""
    if size < 1000:
        return trn("{count} byte", "{count} bytes", size)
    if size < 1_000_000:
        return tr("{size} kB", size=number(size / 1000, 1)).replace(" ", NBSP)
    return tr("{size} MB", size=number(size / 1_000_000, 1)).replace(" ", NBSP)


def _local(when: float) -> datetime:
    return datetime.fromtimestamp(when, UTC).astimezone()


def _month(number: int) -> str:
    months = (
        tr("Jan"),
        tr("Feb"),
        tr("Mar"),
        tr("Apr"),
        tr("May"),
        tr("Jun"),
        tr("Jul"),
        tr("Aug"),
        tr("Sep"),
        tr("Oct"),
        tr("Nov"),
        tr("Dec"),
    )
    return months[number - 1]
