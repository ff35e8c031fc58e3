from nodeagent.contract.file_changes import MAX_DIFF, MAX_LINES, changed_paths, file_changes


def test_only_what_differs_is_named() -> None:
    before = {"a": b"1\n2\n", "b": b"same", "gone": b"x\n", "program": b"\0old"}
    after = {"a": b"1\n3\n", "b": b"same", "new": b"y", "program": b"\0new"}
    assert changed_paths(before, after) == ("a", "gone", "new", "program")
    changed, gone, new, program = file_changes(before, after)
    assert (changed.change, changed.diff) == ("changed", "--- a/a\n+++ b/a\n@@ -1,2 +1,2 @@\n 1\n-2\n+3\n")
    assert (gone.change, gone.diff.splitlines()[-1]) == ("removed", "-x")
    assert (new.change, new.diff.splitlines()[-2:]) == ("added", ["+y", "\\ No newline at end of file"])
    assert (program.change, program.diff, program.cut) == ("changed", "", False)
    assert file_changes(before, before) == ()


def test_a_carriage_return_is_a_difference() -> None:
    (change,) = file_changes({"a": b"x\n"}, {"a": b"x\r\n"})
    assert change.diff.endswith("\n-x\n+x\r\n")


def test_large_files_are_cut_and_said_so() -> None:
    (cut,) = file_changes({}, {"a": b"a line of some length which is long\n" * (MAX_LINES - 1)})
    assert cut.cut
    assert 0 < len(cut.diff) <= MAX_DIFF
    assert cut.diff.endswith("\n")
    (refused,) = file_changes({}, {"a": b"\n" * (MAX_LINES + 1)})
    assert (refused.cut, refused.diff) == (True, "")
