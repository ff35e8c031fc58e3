@echo off
rem Stops the application on this node.
rem Arguments: [force] present state, next state, action; after a service check also: -Services "a, b".
setlocal EnableDelayedExpansion

echo Running stop_both %*

rem A forced stop comes after the normal one: what still runs of the scripts is ended by the agent.
if /i "%~1"=="force" exit /b 0

set res=0

rem Your own stop calls, before the services. Leave res at 0 when all went well.
rem OWN STOP CALLS

rem Services named in userconfig.xml, the last one first (only the failed ones when -Services is given).
set "services=%SERVICES%"
:arguments
if "%~1"=="" goto services
if /i "%~1"=="-Services" set "services=%~2"
shift
goto arguments

:services
set reversed=
for %%S in (!services!) do set "reversed=%%S !reversed!"
for %%S in (!reversed!) do (
    echo Stopping service %%~S
    net stop "%%~S" /y || sc query "%%~S" | find "STOPPED" || set res=1
)

if not %res%==0 "%SAFE%\safekit.exe" printe "stop_both failed"

exit /b %res%
