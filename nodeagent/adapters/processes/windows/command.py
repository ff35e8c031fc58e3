"""The command line that starts a script on Windows. Pure: Windows programs take one string, each in its own way."""

import subprocess
from collections.abc import Mapping, Sequence

_NEEDS_QUOTES = frozenset(' \t&|<>^()%!,;="')


def command_line(executable: str, args: Sequence[str], environment: Mapping[str, str]) -> str:
    """By the file's extension: .cmd and .bat, .ps1, .vbs, else a program. `environment` names the system's place."""
    system = f"{environment.get('SYSTEMROOT', 'C:' + chr(92) + 'Windows')}\\System32"
    extension = executable.rpartition(".")[2].lower()
    if extension in ("cmd", "bat"):
        shell = environment.get("COMSPEC", f"{system}\\cmd.exe")
        words = " ".join([f'"{executable}"', *map(_for_cmd, args)])
        # With /s cmd takes the first and the last quote away and leaves all others as they are.
        return f'{subprocess.list2cmdline([shell])} /d /s /c "{words}"'
    if extension == "ps1":
        shell = f"{system}\\WindowsPowerShell\\v1.0\\powershell.exe"
        options = ("-NoProfile", "-NonInteractive", "-ExecutionPolicy", "Bypass", "-File")
        return subprocess.list2cmdline([shell, *options, executable, *args])
    if extension == "vbs":
        return subprocess.list2cmdline([f"{system}\\cscript.exe", "//nologo", executable, *args])
    return subprocess.list2cmdline([executable, *args])


def _for_cmd(word: str) -> str:
    """Quoted where cmd would take a character for its own; quotes inside are doubled, which keeps them paired."""
    return '"' + word.replace('"', '""') + '"' if not word or _NEEDS_QUOTES & set(word) else word
