from nodeagent.contract.errors import Severity
from nodeagent.contract.shim_calls import shim_call_problems


def test_calls_that_nothing_answers_are_named_with_file_and_line() -> None:
    linux = b"""#!/bin/sh
# $SAFE/safekit commented
$SAFE/safekit printe "x"
res=`$SAFE/safekit -r exitcode 1`
"$SAFE/safekit" -r processtree kill $$
"${SAFE}/safekit" -H "*" stop && safekit state
cd /opt/safekit/bin
[ -x x ] && "${SAFE}/safekit" wibble -m a
x=$($SAFE/safekit wobble)
"""
    windows = (
        b'rem "%SAFE%\\safekit" oldone\r\n@echo off\r\n"%SAFE%\\safekit.exe" swap\r\n'
        b'"%SAFE%\\safekit" -r vip_if_ctrl x\r\n%SAFE%\\safekit incloop -m x\r\n'
    )
    files = {
        "bin/start_both": linux,
        "bin/start_both.cmd": windows,
        "bin/program": b"\0safekit nothing",
        "web/page": b"safekit foo",
    }
    found = shim_call_problems(files)
    assert [(p.file, p.line, p.text.split("`")[1]) for p in found] == [
        ("bin/start_both", 8, "safekit wibble -m"),
        ("bin/start_both", 9, "safekit wobble"),
        ("bin/start_both.cmd", 3, "safekit swap"),
        ("bin/start_both.cmd", 4, "safekit -r vip_if_ctrl"),
    ]
    assert {p.severity for p in found} == {Severity.WARNING}


def test_lines_are_counted_as_an_editor_counts_them() -> None:
    script = "# one\x0cpage\u2028more\n\rsafekit wibble\r\nsafekit wobble\n".encode()
    assert [problem.line for problem in shim_call_problems({"bin/start_both": script})] == [3, 4]
