"""Where everything lies on this machine. SAFE is the product, SAFEVAR what it knows; KEEPGREEN_HOME moves both."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Home:
    """The paths of one agent. Nothing is created here."""

    safe: Path
    var: Path

    @classmethod
    def from_environment(cls) -> "Home":
        """KEEPGREEN_HOME as `<home>` and `<home>/var`, else the system's places."""
        moved = os.environ.get("KEEPGREEN_HOME")
        usual = cls.usual()
        if moved and Path(moved) != usual.safe:
            return cls(Path(moved), Path(moved) / "var")
        return usual

    @classmethod
    def usual(cls) -> "Home":
        """The places of an installed product; scripts get its SAFE as KEEPGREEN_HOME, too."""
        if sys.platform == "win32":
            return cls(
                Path(os.environ.get("PROGRAMFILES", r"C:\Program Files")) / "Keepgreen",
                Path(os.environ.get("PROGRAMDATA", r"C:\ProgramData")) / "Keepgreen",
            )
        return cls(Path("/opt/keepgreen"), Path("/var/lib/keepgreen"))

    @property
    def bin(self) -> Path:
        """SAFEBIN: helper programs for scripts."""
        return self.safe / "bin"

    @property
    def run(self) -> Path:
        """Sockets and tokens of the running agent."""
        return self.var / "run"

    @property
    def socket(self) -> Path:
        """The local transport on Linux."""
        return self.run / "agent.sock"

    @property
    def local_token(self) -> Path:
        """The local transport on Windows: `{"port": …, "token": …}`."""
        return self.run / "local.json"

    @property
    def settings(self) -> Path:
        """agent.toml."""
        return self.var / "agent.toml"

    @property
    def cluster(self) -> Path:
        """cluster.xml, node.json, keys, pins, users."""
        return self.var / "cluster"

    @property
    def tls(self) -> Path:
        """The node's key pair and certificate."""
        return self.var / "tls"

    @property
    def records(self) -> Path:
        """The SQLite file of log, audit and resource history."""
        return self.var / "records.db"

    @property
    def virtual_ips(self) -> Path:
        """What was changed in this machine's network for virtual IPs, so that it can be taken back."""
        return self.var / "vip.json"

    @property
    def peers(self) -> Path:
        """What an agent remembers of its peers."""
        return self.var / "peers.json"

    @property
    def temporary(self) -> Path:
        """Files that mean nothing after a restart."""
        return self.var / "tmp"

    @property
    def backups(self) -> Path:
        """`.safe` files of modules that were uninstalled."""
        return self.var / "backups"

    def module(self, name: str) -> Path:
        """A module's directory: `rev/<n>/{conf,bin,web}`, `current`, `state.json`, `change.json`, `var`, `userlog`."""
        return self.var / "modules" / name

    def user_var(self, module: str) -> Path:
        """SAFEUSERVAR: working directory of the module's scripts."""
        return self.module(module) / "var"

    def user_log(self, module: str) -> Path:
        """Where the output files of the module's scripts are."""
        return self.module(module) / "userlog"

    def revision(self, module: str, revision: int) -> Path:
        """One committed revision; `conf` and `bin` inside are SAFEUSERCONF and SAFEUSERBIN."""
        return self.module(module) / "rev" / str(revision)
