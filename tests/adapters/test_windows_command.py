import pytest

from nodeagent.adapters.processes.windows.command import command_line

ENVIRONMENT = {"COMSPEC": r"C:\Windows\System32\cmd.exe", "SYSTEMROOT": r"D:\Win"}
CMD = r"C:\Windows\System32\cmd.exe /d /s /c "


@pytest.mark.parametrize(
    ("executable", "args", "line"),
    [
        (r"C:\a\stop.cmd", (), CMD + r'""C:\a\stop.cmd""'),
        (r"C:\my files\stop.BAT", ("force", "UP"), CMD + r'""C:\my files\stop.BAT" force UP"'),
        (r"C:\a\s.cmd", ("a b", "c&d", ""), CMD + r'""C:\a\s.cmd" "a b" "c&d" """'),
        (r"C:\a\s.cmd", ('say "hi"',), CMD + r'""C:\a\s.cmd" "say ""hi""""'),
        (
            r"C:\a b\s.ps1",
            ("-Services", "a, b"),
            r"D:\Win\System32\WindowsPowerShell\v1.0\powershell.exe -NoProfile -NonInteractive "
            r'-ExecutionPolicy Bypass -File "C:\a b\s.ps1" -Services "a, b"',
        ),
        (r"C:\a\s.vbs", ("UP",), r"D:\Win\System32\cscript.exe //nologo C:\a\s.vbs UP"),
        (r"C:\a b\s.exe", ("x y", "z"), r'"C:\a b\s.exe" "x y" z'),
    ],
)
def test_each_kind_of_script_is_started_its_own_way(executable: str, args: tuple[str, ...], line: str) -> None:
    assert command_line(executable, args, ENVIRONMENT) == line
