@echo off
rem Starts the application on this node.
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

rem Your own start calls. Leave res at 0 when all went well; a .cmd or .bat needs "call" before it.
rem OWN START CALLS

if not %res%==0 "%SAFE%\safekit.exe" printe "start_both failed"
rem The exit code lets the agent try again, at most maxloop times. Remove "rem" to stop at once instead:
rem if not %res%==0 "%SAFE%\safekit.exe" stop -i "start_both"

exit /b %res%

:start
if not %res%==0 goto :eof
echo Starting service %~1
net start "%~1"
sc query "%~1" | find "RUNNING"
if errorlevel 1 set res=1
goto :eof
