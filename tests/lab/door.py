"""A lab for a person: `python3 dev.py lab up|down|shell`. It belongs to the machine and stays until `down`.

What there is the kernel's list of namespaces tells; no other file remembers it.
"""

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.lab.lab import Lab
from tests.lab.topology import MACHINE, LabImpossible, Namespace, directory_of, labs, remove, role_of
from tests.lab.vip import VIRTUAL, carried, rule, vip

USAGE = """usage: python3 dev.py lab up                        three real agents with nginx and a virtual IP, a client
       python3 dev.py lab shell NAME [COMMAND ...]  in one of its hosts: node1, client1, sw, ...
       python3 dev.py lab down                      ends it and removes everything"""


def standing(owner: int) -> tuple[str, dict[str, Namespace]]:
    """The lab of this owner and its namespaces by role; an empty name when there is none."""
    for name, spaces in labs().items():
        if name.split("-", maxsplit=1)[0] == str(owner):
            return name, {role_of(space): space for space in spaces}
    return "", {}


def up(owner: int) -> int:
    """Build it and say where everything is."""
    if standing(owner)[0]:
        print("A lab stands already: `python3 dev.py lab shell node1`, or `lab down` first.", file=sys.stderr)
        return 1
    lab = Lab(nodes=3, clients=1, owner=owner)
    try:
        lab.start_farm(drain="2", more=vip(carried(VIRTUAL), rule()))
    except BaseException:
        lab.close()
        raise
    for node in lab.nodes:
        print(f"{node.name:8} {node.host.address():12} {node.host.address(0, 6):12} {node.shown():10} {node.home}")
    client = lab.clients[0].host
    print(f"{client.role:8} {client.address():12} {client.address(0, 6):12} and {len(client.addresses[0]) - 2} more")
    print("sw       the switch: its bridge br0 has a port per host, named like it")
    print()
    print("python3 dev.py lab shell node1 keepgreen state -v")
    print(f"python3 dev.py lab shell client1 curl http://{VIRTUAL}/    # the virtual IP of all three")
    print("python3 dev.py lab shell node1 keepgreen vip show -m farm")
    print("python3 dev.py lab shell sw ip link set node1 down   # pulls node1's cable; `up` plugs it in")
    print("python3 dev.py lab down")
    return 0


def down(owner: int) -> int:
    """Remove it."""
    name, hosts = standing(owner)
    if not name:
        print("There is no lab.")
        return 0
    remove(list(hosts.values()))
    shutil.rmtree(directory_of(name), ignore_errors=True)
    print("The lab is gone.")
    return 0


def shell(owner: int, role: str, command: Sequence[str]) -> int:
    """Become a shell, or a command, in a host; `keepgreen` there is that of the node."""
    name, hosts = standing(owner)
    if role in hosts:
        home = directory_of(name) / role
        environment = os.environ | {
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
            "PS1": f"{role}# ",
            **({"KEEPGREEN_HOME": str(home)} if home.exists() else {}),
        }
        argv = [*hosts[role].prefix, *(command or ("bash", "--norc"))]
        os.execvpe(argv[0], argv, environment)
    known = f"There is no {role!r}; there is: {', '.join(sorted(hosts))}."
    print(known if hosts else "There is no lab; `python3 dev.py lab up` makes one.", file=sys.stderr)
    return 1


def main(arguments: Sequence[str], owner: int = MACHINE) -> int:
    """Do one command; the exit code."""
    try:
        match list(arguments):
            case ["up"]:
                return up(owner)
            case ["down"]:
                return down(owner)
            case ["shell", role, *command]:
                return shell(owner, role, command)
    except LabImpossible as problem:
        print(problem, file=sys.stderr)
        return 1
    print(USAGE, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
