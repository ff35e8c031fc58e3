"""API tokens of a farm: a token is the same on every node, so that one line of a monitoring system's file fits all.

`clients` are administrators' connections to every node of the cluster, by name and in the cluster's order.
"""

import asyncio

from nodeagent.client.cluster_changes import Clients, on_all
from nodeagent.client.failures import CallFailed, Trouble
from nodeagent.contract.states import Role
from nodeagent.contract.token_api import MadeToken, NewToken

_GONE = "urn:keepgreen:no-such-token"


async def add_token(clients: Clients, name: str, role: Role) -> MadeToken:
    """A new token on all nodes, or on none. Raises CallFailed with the node's name in front.

    The first node makes it, so of two who ask for the same name at once one is refused before anything is done.
    """
    listed = await on_all(clients, lambda _, client: client.tokens())
    if having := [node for node, tokens in listed.items() if any(token.name == name for token in tokens)]:
        raise CallFailed(Trouble.DENIED, f"there is a token {name!r} already on {', '.join(having)}")
    first = next(iter(clients))
    made = (await on_all({first: clients[first]}, lambda _, client: client.make_token(NewToken(name, role))))[first]
    others = {node: client for node, client in clients.items() if node != first}
    try:
        await on_all(others, lambda _, client: client.make_token(NewToken(name, role, made.token)))
    except BaseException:
        await asyncio.gather(*(client.revoke_token(name) for client in clients.values()), return_exceptions=True)
        raise
    return made


async def revoke_token(clients: Clients, name: str) -> None:
    """End a token on every node that answers; where there is none, that is done.

    Raises CallFailed when no node had it, and with the names of the nodes that may still have it.
    """
    answers = await asyncio.gather(*(client.revoke_token(name) for client in clients.values()), return_exceptions=True)
    failed: dict[str, CallFailed] = {}
    for node, answer in zip(clients, answers, strict=True):
        if isinstance(answer, CallFailed):
            failed[node] = answer
        elif answer is not None:
            raise answer
    if left := {node: why for node, why in failed.items() if why.problem is None or why.problem.type != _GONE}:
        reasons = "; ".join(f"{node}: {str(why).removeprefix(f'{node}: ')}" for node, why in left.items())
        text = f"{reasons}; the other nodes do not take the token any more, revoke it again for {', '.join(left)}"
        why = next(iter(left.values()))
        raise CallFailed(why.trouble, text, why.problem)
    if len(failed) == len(clients):
        raise next(iter(failed.values()))
