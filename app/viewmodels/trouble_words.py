"""Why an address does not answer as it should, in words a technician can act on: the reason, and the likely remedy."""

from dataclasses import dataclass

from app.services.nodes import NodeAddress
from app.viewmodels.text import tr
from nodeagent.client.failures import Trouble


@dataclass(frozen=True)
class Reason:
    """`short` is a few words for a row, `remedy` the sentence below it."""

    short: str
    remedy: str


def bad_address(text: str) -> Reason:
    """What was typed is no address."""
    return Reason(
        tr("not an address"),
        tr(
            "“{text}” is no address: type an IPv4 or IPv6 address or a host name, with :port when it is not 9453.",
            text=text,
        ),
    )


def reason(trouble: Trouble, node: NodeAddress, *, user: str = "admin", detail: str = "") -> Reason:
    """A trouble at this address. `detail` is the technical word behind it, shown where the sentence is not enough."""
    values = {"address": node.address, "port": node.port, "user": user}
    match trouble:
        case Trouble.REFUSED:
            return Reason(
                tr("refused"),
                tr(
                    "The server is there, but nothing listens on its TCP {port}. Start the agent on it:"
                    " keepgreen service status says why it does not run.",
                    **values,
                ),
            )
        case Trouble.TIMED_OUT:
            return Reason(
                tr("timed out"),
                tr(
                    "Nothing answers on TCP {port} of {address}. Check the address; if it is right, a firewall is"
                    " likely: open TCP {port} on that server, then leave the field again.",
                    **values,
                ),
            )
        case Trouble.CERTIFICATE_CHANGED:
            return Reason(
                tr("certificate changed"),
                tr(
                    "Another key answers at {address} than the one confirmed before, so nothing was sent to it. Was the"
                    " server replaced or installed again? Then compare its new words; if not, ask who answers there.",
                    **values,
                ),
            )
        case Trouble.WRONG_PASSWORD:
            return Reason(
                tr("wrong password"),
                tr(
                    "This server has another password for {user}. Type that one, or set it there:"
                    " keepgreen passwd --user {user}",
                    **values,
                ),
            )
        case Trouble.NO_PASSWORD_SET:
            return Reason(
                tr("no password yet"),
                tr("Nobody can log in there before a password is set. Run on that server: keepgreen passwd", **values),
            )
        case Trouble.OTHER_CLUSTER:
            return Reason(
                tr("in another cluster"),
                tr(
                    "This server is a node of another cluster and keeps to it. Check the address; if it shall move"
                    " here, take it out of that cluster first.",
                    **values,
                ),
            )
        case Trouble.NAME_UNKNOWN:
            return Reason(
                tr("name unknown"),
                tr(
                    "“{address}” stands for no address on this computer. Check the spelling, or type the IP address.",
                    **values,
                ),
            )
        case Trouble.NOT_UNDERSTOOD:
            return Reason(
                tr("not a Keepgreen agent"),
                tr(
                    "Something answers on TCP {port} of {address}, but not as an agent this console knows. Check"
                    " address and port, and what else uses this port; a newer agent needs a newer console.",
                    **values,
                ),
            )
        case Trouble.LOGIN_REQUIRED | Trouble.PASSWORD_NEEDED:
            return Reason(tr("password needed"), tr("Type the password of {user} on this server.", **values))
        case Trouble.DENIED:
            return Reason(tr("the agent says no"), detail)
        case Trouble.UNREACHABLE:
            return Reason(
                tr("unreachable"),
                tr(
                    "The connection to {address} was cut, or there is no way to it. Check cable, VPN and route, and"
                    " whether the server and its agent run.",
                    **values,
                ),
            )


def known_remedy(trouble: Trouble, node: NodeAddress, *, user: str = "admin", detail: str = "") -> str:
    """What to do about a node that was reached before: its address is no longer the likely mistake."""
    if trouble is Trouble.TIMED_OUT:
        return tr(
            "Is the server on and on the network? If it is, a firewall is likely: open TCP {port} there.",
            port=node.port,
        )
    return reason(trouble, node, user=user, detail=detail).remedy


def other_version(version: str, own: str) -> Reason:
    """An agent whose API another generation of the console speaks."""
    return Reason(
        tr("other version"),
        tr(
            "The agent is version {version} and this console {own}. Bring both to the same version.",
            version=version,
            own=own,
        ),
    )
