"""API tokens, by which programs are let in: requests and answers of `/api/v1`."""

import re
from typing import Annotated

import msgspec

from nodeagent.contract.states import Role

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
"""Of a user or a token."""

TokenText = Annotated[str, msgspec.Meta(pattern=r"\A([A-Za-z0-9_-]{43})?\Z", max_length=43)]
"""256 random bits in base64url; empty for none."""


class TokenInfo(msgspec.Struct, frozen=True):
    """One line of `GET /tokens`; the token itself is nowhere."""

    name: str
    role: Role


class NewToken(msgspec.Struct, frozen=True, omit_defaults=True):
    """`POST /tokens`. `token` is the one that another node of the cluster has made; empty: a new one is made."""

    name: str
    role: Role
    token: TokenText = ""


class MadeToken(msgspec.Struct, frozen=True):
    """Answer to `POST /tokens`, and the only time that the token is told."""

    name: str
    role: Role
    token: str


def name_problem(name: str) -> str:
    """Why this cannot be the name of a user or a token, in one sentence; "" when it can."""
    if NAME.fullmatch(name):
        return ""
    return f"{name[:64]!r} is no name: letters, digits, '.', '_', '@' and '-' are allowed, at most 64 of them"
