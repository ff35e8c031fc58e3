"""What the exit code of a script means, in words, on both kinds of system."""

_SIGNALS = {  # as Linux numbers them
    1: "SIGHUP",
    2: "SIGINT",
    3: "SIGQUIT",
    4: "SIGILL",
    5: "SIGTRAP",
    6: "SIGABRT",
    7: "SIGBUS",
    8: "SIGFPE",
    9: "SIGKILL",
    10: "SIGUSR1",
    11: "SIGSEGV",
    12: "SIGUSR2",
    13: "SIGPIPE",
    14: "SIGALRM",
    15: "SIGTERM",
    16: "SIGSTKFLT",
    17: "SIGCHLD",
    18: "SIGCONT",
    19: "SIGSTOP",
    20: "SIGTSTP",
    24: "SIGXCPU",
    25: "SIGXFSZ",
    31: "SIGSYS",
}
_LAST_SIGNAL = 64

_SMALL = {
    126: "found but could not be run",
    127: "command not found",
    9009: "command not found",
}

_NTSTATUS = {
    0x40010004: "closed by a debugger",
    0x80000003: "breakpoint",
    0xC0000005: "access violation",
    0xC0000008: "invalid handle",
    0xC0000017: "not enough memory",
    0xC000001D: "illegal instruction",
    0xC0000022: "access denied",
    0xC000007B: "wrong kind of program, 32 against 64 bits",
    0xC0000094: "division by zero",
    0xC00000FD: "stack overflow",
    0xC0000135: "a DLL was not found",
    0xC0000138: "an ordinal was not found in a DLL",
    0xC0000139: "an entry point was not found in a DLL",
    0xC000013A: "ended by Ctrl+C or by a closed console",
    0xC0000142: "a DLL could not be initialised",
    0xC0000409: "stack buffer overrun, or a fail-fast",
    0xC0000417: "invalid argument to the C run-time",
    0xE0434352: "unhandled .NET exception",
    0xE06D7363: "unhandled C++ exception",
    0x80070002: "file not found",
    0x80070005: "access denied",
}


def exit_words(code: int) -> str:
    """One phrase for an exit code.

    0…: as the program returned it, from 256 on with its hexadecimal form and, where it is a known
    Windows status, its meaning. -1…-64: killed by that signal. A signed Windows status is read as unsigned.
    """
    if -_LAST_SIGNAL <= code < 0:
        name = _SIGNALS.get(-code)
        return f"killed by signal {-code}" + (f" ({name})" if name else "")
    code &= 0xFFFFFFFF
    if meaning := _NTSTATUS.get(code):
        return f"exit code 0x{code:08X} ({meaning})"
    if meaning := _SMALL.get(code):
        return f"exit code {code} ({meaning})"
    if code >= 0x80000000:
        return f"exit code 0x{code:08X}"
    if 128 < code <= 128 + _LAST_SIGNAL and (name := _SIGNALS.get(code - 128)):
        return f"exit code {code} (128 + {code - 128}: a command in it was ended by {name})"
    return f"exit code {code}" if code < 256 else f"exit code {code} (0x{code:X})"
