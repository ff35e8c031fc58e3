@echo off
rem Starts the service on this node.
rem Arguments: present state, next state, action; after a service check also: -Services "a, b".
setlocal

echo Running start_both %*

set res=0

rem The services of userconfig.xml, in their order, or only the failed ones after -Services.
set "services=%SERVICES%"
:arguments
if "%~1"=="" goto services
if /i "%~1"=="-Services" set "services=%~2"
shift
goto arguments

:services
for %%S in (%services%) do call :start %%S
exit /b %res%

:start
if not %res%==0 goto :eof
echo Starting service %~1
net start "%~1"
sc query "%~1" | find "RUNNING"
if not errorlevel 1 goto :eof
set res=1
echo service %~1 did not start
"%SAFE%\safekit.exe" printe "start_both: service %~1 did not start"
rem The exit code lets the agent try again, at most maxloop times. Remove "rem" to stop at once instead:
rem "%SAFE%\safekit.exe" stop -i "start_both"
goto :eof
