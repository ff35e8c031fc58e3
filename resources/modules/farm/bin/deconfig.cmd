@echo off
rem Before the module goes: nothing is changed back, what is left to do is said.
setlocal

echo Running deconfig %*

for %%S in (%SERVICES%) do call :say %%S
exit /b 0

:say
sc qc "%~1" | find "DEMAND_START"
if errorlevel 1 goto :eof
"%SAFE%\safekit.exe" printi "service %~1 stays at manual start; for a start at boot: sc config %~1 start= auto"
goto :eof
