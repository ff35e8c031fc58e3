@echo off
rem After each apply: from now on this module starts and stops the services, the system does not.
setlocal

echo Running postconfig %*

set res=0
for %%S in (%SERVICES%) do call :manual %%S
exit /b %res%

:manual
sc qc "%~1" | find "DEMAND_START"
if not errorlevel 1 goto :eof
sc config "%~1" start= demand
if errorlevel 1 goto failed
"%SAFE%\safekit.exe" printi "service %~1 is set to manual start: this module starts and stops it"
goto :eof

:failed
echo service %~1 could not be set to manual start: SERVICES takes names of services, not their titles
set res=1
goto :eof
