"""Every word can be read on every ground it may stand on: computed from the tables, in both themes."""

import pytest

from app.views.style_sheet import style_sheet
from app.views.tokens import DARK, LIGHT, NODES, Token, node_token

GROUNDS = (Token.WINDOW, Token.SIDEBAR, Token.SURFACE, Token.SUNKEN, Token.SELECTED)
OWN = {
    Token.GREEN: Token.GREEN_BG,
    Token.ORANGE: Token.ORANGE_BG,
    Token.RED: Token.RED_BG,
    Token.GREY: Token.GREY_BG,
    Token.LINK: Token.ACCENT_BG,
}
READ = (Token.TEXT, Token.TEXT2, Token.TEXT3, *OWN)
TABLES = pytest.mark.parametrize("table", [LIGHT, DARK], ids=["light", "dark"])


def _luminance(colour: str) -> float:
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_the_measure_itself() -> None:
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21.0)
    assert contrast("#767676", "#FFFFFF") == pytest.approx(4.54, abs=0.01)


@TABLES
@pytest.mark.parametrize("ink", READ)
def test_words_reach_aa(table: dict[Token, str], ink: Token) -> None:
    grounds = [*GROUNDS, *([OWN[ink]] if ink in OWN else [])]
    found = {ground.value: round(contrast(table[ink], table[ground]), 2) for ground in grounds}
    assert min(found.values()) >= 4.5, found


@TABLES
def test_words_on_fills_reach_aa(table: dict[Token, str]) -> None:
    assert contrast(table[Token.ON_ACCENT], table[Token.ACCENT]) >= 4.5
    assert contrast(table[Token.SURFACE], table[Token.RED]) >= 4.5
    assert all(contrast(table[Token.NODE_DIGIT], table[node]) >= 4.5 for node in NODES)
    assert all(contrast(table[Token.TEXT], table[ground]) >= 4.5 for ground in (*OWN.values(), Token.HOVER))
    assert contrast(table[Token.TEXT3], table[Token.RAISED]) >= 4.5


@TABLES
def test_edges_of_inputs_and_the_focus_can_be_seen(table: dict[Token, str]) -> None:
    for ground in (Token.WINDOW, Token.SURFACE):
        assert contrast(table[Token.FIELD], table[ground]) >= 3.0
        assert contrast(table[Token.LINK], table[ground]) >= 3.0


@TABLES
def test_both_tables_have_every_token(table: dict[Token, str]) -> None:
    assert set(table) == set(Token)
    assert "$" not in style_sheet({token.value: colour for token, colour in table.items()})


def test_hues_of_nodes_repeat_from_the_seventh_on() -> None:
    assert [node_token(number) for number in (1, 6, 7, 13)] == [NODES[0], NODES[5], NODES[0], NODES[0]]
