"""nftables: libnftables in this process (well below a millisecond), else the program `nft`."""

import ctypes
import shutil
import subprocess
from typing import Protocol

LIBRARY = "libnftables.so.1"
_TERSE = 1 << 11
_LIMIT = 10.0


class NftError(Exception):
    """nftables refused; the text is its first sentence."""


class Nft(Protocol):
    """Runs commands in the network namespace in which it was opened. For one thread."""

    def run(self, commands: str, *, terse: bool = False, try_only: bool = False) -> str:
        """All of them in one transaction; gives what they print, `terse` without the elements of sets.

        `try_only` asks the kernel and changes nothing. Raises NftError.
        """

    def close(self) -> None:
        """Run nothing more."""


class LibraryNft:
    """libnftables by ctypes. Raises OSError when the library is not there."""

    def __init__(self) -> None:
        lib = self._lib = ctypes.CDLL(LIBRARY)
        lib.nft_ctx_new.restype = ctypes.c_void_p
        lib.nft_ctx_new.argtypes = [ctypes.c_uint32]
        for name in ("nft_ctx_get_output_buffer", "nft_ctx_get_error_buffer"):
            getattr(lib, name).restype = ctypes.c_char_p
            getattr(lib, name).argtypes = [ctypes.c_void_p]
        for name in ("nft_ctx_buffer_output", "nft_ctx_buffer_error"):
            getattr(lib, name).argtypes = [ctypes.c_void_p]
        lib.nft_run_cmd_from_buffer.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
        lib.nft_ctx_output_set_flags.argtypes = [ctypes.c_void_p, ctypes.c_uint]
        lib.nft_ctx_set_dry_run.argtypes = [ctypes.c_void_p, ctypes.c_bool]
        lib.nft_ctx_free.argtypes = [ctypes.c_void_p]
        self._context = lib.nft_ctx_new(0)
        if not self._context:
            raise OSError(f"{LIBRARY} gives no context")
        lib.nft_ctx_buffer_output(self._context)
        lib.nft_ctx_buffer_error(self._context)

    def run(self, commands: str, *, terse: bool = False, try_only: bool = False) -> str:
        """See Nft."""
        self._lib.nft_ctx_output_set_flags(self._context, _TERSE if terse else 0)
        self._lib.nft_ctx_set_dry_run(self._context, try_only)
        failed = self._lib.nft_run_cmd_from_buffer(self._context, commands.encode())
        printed: bytes = self._lib.nft_ctx_get_output_buffer(self._context)
        error: bytes = self._lib.nft_ctx_get_error_buffer(self._context)
        if failed:
            raise NftError(_sentence(error))
        return printed.decode(errors="replace")

    def close(self) -> None:
        """Free the context."""
        if self._context:
            self._lib.nft_ctx_free(self._context)
            self._context = None


class CommandNft:
    """The program `nft`, one process per transaction. Raises FileNotFoundError when it is not there."""

    def __init__(self) -> None:
        program = shutil.which("nft", path="/usr/sbin:/sbin:/usr/bin:/bin:/usr/local/sbin")
        if program is None:
            raise FileNotFoundError("nft is not installed")
        self._program = program

    def run(self, commands: str, *, terse: bool = False, try_only: bool = False) -> str:
        """See Nft."""
        flags = [*(["-t"] if terse else []), *(["-c"] if try_only else [])]
        try:
            done = subprocess.run(
                [self._program, *flags, "-f", "-"],
                input=commands.encode(),
                capture_output=True,
                timeout=_LIMIT,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise NftError(str(error)) from error
        if done.returncode:
            raise NftError(_sentence(done.stderr))
        return done.stdout.decode(errors="replace")

    def close(self) -> None:
        """Nothing is held."""


def open_nft() -> Nft:
    """The library when it is there, else the program. Raises FileNotFoundError when neither is."""
    try:
        return LibraryNft()
    except OSError:
        return CommandNft()


def _sentence(error: bytes) -> str:
    lines = error.decode(errors="replace").splitlines()
    return next((line.strip() for line in lines if line.strip()), "nftables gave no reason")
