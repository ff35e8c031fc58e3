@echo off
rem Before the module goes: nothing is changed back, what is left to do is said.
setlocal EnableDelayedExpansion

echo Running deconfig %*

set "services=%SERVICES%"
for %%S in (!services!) do (
    set note=service %%~S stays at manual start; for a start at boot: sc config %%~S start= auto
    sc qc "%%~S" | find "DEMAND_START" && "%SAFE%\safekit.exe" printi "!note!"
)

exit /b 0
