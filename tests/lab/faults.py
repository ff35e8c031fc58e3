"""What goes wrong between two hosts: cuts, cuts in one direction, a blocked port, loss. All on the switch, so that the
hosts notice nothing but the effect."""

from collections.abc import Iterable
from itertools import pairwise

from tests.lab.topology import Host, Namespace

TABLE = """
table bridge faults
delete table bridge faults
table bridge faults {
  chain forward {
    type filter hook forward priority 0; policy accept;
  }
}
"""


class Faults:
    """Frames that the switch drops; `heal` ends all of them. `lan` None means every lan."""

    def __init__(self, switch: Namespace, lans: int = 1) -> None:
        self._switch, self._lans = switch, lans
        self.heal()

    def one_way(
        self, sender: Host, receiver: Host, *, udp: int | None = None, loss: int = 100, lan: int | None = None
    ) -> None:
        """Drop what `sender` sends to `receiver`: all of it, or UDP to a port, or a random `loss` per cent."""
        what = f" udp dport {udp}" if udp is not None else ""
        share = f" numgen random mod 100 < {loss}" if loss < 100 else ""
        self._load(
            f'add rule bridge faults forward iifname "{sender.port(n)}" oifname "{receiver.port(n)}"{what}{share}'
            " counter drop"
            for n in (range(self._lans) if lan is None else [lan])
        )

    def cut(self, one: Host, other: Host, *, udp: int | None = None, loss: int = 100, lan: int | None = None) -> None:
        """The same in both directions."""
        self.one_way(one, other, udp=udp, loss=loss, lan=lan)
        self.one_way(other, one, udp=udp, loss=loss, lan=lan)

    def heal(self) -> None:
        """Everything passes again."""
        self._load([TABLE])

    def dropped(self) -> int:
        """Frames dropped since the last `heal`."""
        words = self._switch.run("nft", "list", "table", "bridge", "faults").split()
        return sum(int(after) for word, after in pairwise(words) if word == "packets")

    def _load(self, lines: Iterable[str]) -> None:
        self._switch.run("nft", "-f", "-", text="\n".join(lines))
