"""The colours of the console: two tables with the same names. Nothing else in the product names a colour."""

from enum import StrEnum


class Token(StrEnum):
    """A colour by its use. What each one is for is in the comment of its group."""

    # Grounds: page, tree, cards, table heads and gutters, menus and toasts.
    WINDOW = "window"
    SIDEBAR = "sidebar"
    SURFACE = "surface"
    SUNKEN = "sunken"
    RAISED = "raised"
    # Words: content, side facts, labels and hints.
    TEXT = "text"
    TEXT2 = "text2"
    TEXT3 = "text3"
    # Lines: card edge, hairline, edge of an input.
    BORDER = "border"
    DIVIDER = "divider"
    FIELD = "field"
    # Measures: neutral on purpose, never a state.
    TRACK = "track"
    CHART = "chart"
    # What can be pressed, chosen or has the focus.
    ACCENT = "accent"
    ON_ACCENT = "on_accent"
    LINK = "link"
    ACCENT_BG = "accent_bg"
    ACCENT_LINE = "accent_line"
    SELECTED = "selected"
    HOVER = "hover"
    # States: Ready, Transient, NotReady and errors, everything without a colour of its own.
    GREEN = "green"
    GREEN_BG = "green_bg"
    GREEN_LINE = "green_line"
    ORANGE = "orange"
    ORANGE_BG = "orange_bg"
    ORANGE_LINE = "orange_line"
    RED = "red"
    RED_BG = "red_bg"
    RED_LINE = "red_line"
    GREY = "grey"
    GREY_BG = "grey_bg"
    GREY_LINE = "grey_line"
    # Identity of nodes in the load-balancing test, and a cell that failed.
    NODE1 = "node1"
    NODE2 = "node2"
    NODE3 = "node3"
    NODE4 = "node4"
    NODE5 = "node5"
    NODE6 = "node6"
    NODE_DIGIT = "node_digit"
    FAILED_CELL = "failed_cell"
    FAILED_EDGE = "failed_edge"


LIGHT: dict[Token, str] = {
    Token.WINDOW: "#F4F5F7",
    Token.SIDEBAR: "#EAECF0",
    Token.SURFACE: "#FFFFFF",
    Token.SUNKEN: "#F7F8FA",
    Token.RAISED: "#FFFFFF",
    Token.TEXT: "#181C22",
    Token.TEXT2: "#424A56",
    Token.TEXT3: "#5A6472",
    Token.BORDER: "#DCE0E6",
    Token.DIVIDER: "#E8EBEF",
    Token.FIELD: "#858E9B",
    Token.TRACK: "#E3E7EC",
    Token.CHART: "#5B6675",
    Token.ACCENT: "#2459C8",
    Token.ON_ACCENT: "#FFFFFF",
    Token.LINK: "#2255C2",
    Token.ACCENT_BG: "#E9EFFC",
    Token.ACCENT_LINE: "#BFD0F3",
    Token.SELECTED: "#DFE8F9",
    Token.HOVER: "#EFF2F6",
    Token.GREEN: "#146E33",
    Token.GREEN_BG: "#E8F5EC",
    Token.GREEN_LINE: "#B5DBC1",
    Token.ORANGE: "#9A4C00",
    Token.ORANGE_BG: "#FDF1E3",
    Token.ORANGE_LINE: "#F0CFA6",
    Token.RED: "#C01C28",
    Token.RED_BG: "#FCEDEE",
    Token.RED_LINE: "#F0BEC2",
    Token.GREY: "#566272",
    Token.GREY_BG: "#EDF0F3",
    Token.GREY_LINE: "#CED5DD",
    Token.NODE1: "#3668CF",
    Token.NODE2: "#8450C4",
    Token.NODE3: "#12798F",
    Token.NODE4: "#B5467F",
    Token.NODE5: "#7A6248",
    Token.NODE6: "#52637B",
    Token.NODE_DIGIT: "#FFFFFF",
    Token.FAILED_CELL: "#15181D",
    Token.FAILED_EDGE: "#15181D",
}

DARK: dict[Token, str] = {
    Token.WINDOW: "#16191E",
    Token.SIDEBAR: "#111418",
    Token.SURFACE: "#1D2127",
    Token.SUNKEN: "#191C22",
    Token.RAISED: "#272C34",
    Token.TEXT: "#E6E9EE",
    Token.TEXT2: "#B4BCC8",
    Token.TEXT3: "#98A2B0",
    Token.BORDER: "#30363F",
    Token.DIVIDER: "#292E36",
    Token.FIELD: "#6E7887",
    Token.TRACK: "#343B45",
    Token.CHART: "#9AA5B4",
    Token.ACCENT: "#3A68D8",
    Token.ON_ACCENT: "#FFFFFF",
    Token.LINK: "#8FB4FF",
    Token.ACCENT_BG: "#1E2A44",
    Token.ACCENT_LINE: "#37508A",
    Token.SELECTED: "#24355A",
    Token.HOVER: "#242931",
    Token.GREEN: "#3FB868",
    Token.GREEN_BG: "#16291D",
    Token.GREEN_LINE: "#27553A",
    Token.ORANGE: "#FFAB4A",
    Token.ORANGE_BG: "#2E2314",
    Token.ORANGE_LINE: "#5E4420",
    Token.RED: "#FF7B7B",
    Token.RED_BG: "#331D20",
    Token.RED_LINE: "#6B3237",
    Token.GREY: "#9AA7B8",
    Token.GREY_BG: "#272C34",
    Token.GREY_LINE: "#414954",
    Token.NODE1: "#7BA3F5",
    Token.NODE2: "#BE97EE",
    Token.NODE3: "#55BFD4",
    Token.NODE4: "#EC8FBF",
    Token.NODE5: "#C9AC8A",
    Token.NODE6: "#A3B3C8",
    Token.NODE_DIGIT: "#0E1116",
    Token.FAILED_CELL: "#000000",
    Token.FAILED_EDGE: "#FF7B7B",
}

NODES = (Token.NODE1, Token.NODE2, Token.NODE3, Token.NODE4, Token.NODE5, Token.NODE6)


def node_token(number: int) -> Token:
    """The identity colour of a node counted from 1; the hues repeat from the 7th on, the number tells."""
    return NODES[(number - 1) % len(NODES)]
