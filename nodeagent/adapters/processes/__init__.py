"""Processes of this machine: runs the scripts of the modules, finds and watches their applications.

`scripts.ScriptProcesses` and `applications.ApplicationProcesses` are the ports; `system` picks the half
(`linux`, `windows`) they stand on. A process is known by pid and creation time; the time counts in
seconds after boot on Linux and since 1970 on Windows, and is compared only within one boot.
"""
