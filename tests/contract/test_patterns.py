"""The shapes of words in `/api/v1`: a line end behind a word is part of it, and refused."""

import re

import msgspec
import pytest

from nodeagent.contract.api import LogQuery, SetResource
from nodeagent.contract.token_api import NewToken


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (NewToken, {"name": "t", "role": "monitor", "token": "A" * 43}, {"token": "\n"}),
        (SetResource, {"name": "custom.db", "value": "up"}, {"name": "custom.db\n"}),
        (LogQuery, {"types": "CE"}, {"types": "CE\n"}),
    ],
)
def test_a_line_end_behind_a_word_is_refused(
    kind: type[msgspec.Struct], good: dict[str, str], bad: dict[str, str]
) -> None:
    assert msgspec.convert(good, kind) is not None
    with pytest.raises(msgspec.ValidationError, match=re.escape("Expected `str` matching regex")):
        msgspec.convert(good | bad, kind)
