"""The Windows half: jobs, process handles and the Toolhelp snapshot."""
