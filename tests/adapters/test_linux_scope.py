from nodeagent.adapters.processes.linux.scope import scope_command

UNDER_SYSTEMD = {"INVOCATION_ID": "2e6b"}


def test_under_systemd_each_script_gets_a_scope() -> None:
    assert scope_command("web", UNDER_SYSTEMD, booted=True, root=True) == (
        "systemd-run",
        "--scope",
        "--slice=keepgreen-web.slice",
        "--property=Before=keepgreen.service",
        "--collect",
        "--quiet",
        "--",
    )


def test_a_dash_in_a_name_makes_no_slice_inside_of_another() -> None:
    assert r"--slice=keepgreen-web\x2done.slice" in scope_command("web-one", UNDER_SYSTEMD, booted=True, root=True)


def test_elsewhere_there_is_none() -> None:
    assert scope_command("web", {}, booted=True, root=True) == ()
    assert scope_command("web", UNDER_SYSTEMD, booted=False, root=True) == ()
    assert scope_command("web", UNDER_SYSTEMD, booted=True, root=False) == ()
