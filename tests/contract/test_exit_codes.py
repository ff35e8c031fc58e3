import pytest

from nodeagent.contract.exit_codes import exit_words


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (0, "exit code 0"),
        (3, "exit code 3"),
        (127, "exit code 127 (command not found)"),
        (126, "exit code 126 (found but could not be run)"),
        (9009, "exit code 9009 (command not found)"),
        (137, "exit code 137 (128 + 9: a command in it was ended by SIGKILL)"),
        (255, "exit code 255"),
        (-9, "killed by signal 9 (SIGKILL)"),
        (-15, "killed by signal 15 (SIGTERM)"),
        (-50, "killed by signal 50"),
        (1000, "exit code 1000 (0x3E8)"),
        (0xC0000005, "exit code 0xC0000005 (access violation)"),
        (-1073741819, "exit code 0xC0000005 (access violation)"),
        (0xC0001234, "exit code 0xC0001234"),
    ],
)
def test_exit_codes_in_words(code: int, words: str) -> None:
    assert exit_words(code) == words
