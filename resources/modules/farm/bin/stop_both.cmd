@echo off
rem Stops the application on this node.
rem Arguments: [force] present state, next state, action; after a service check also: -Services "a, b".
setlocal

echo Running stop_both %*

rem A forced stop comes after the normal one: what still runs of the scripts is ended by the agent.
if /i "%~1"=="force" exit /b 0

set res=0

rem Your own stop calls, before the services. Leave res at 0 when all went well.
rem OWN STOP CALLS

rem The services of userconfig.xml, the last one first, or only the failed ones after -Services.
set "services=%SERVICES%"
:arguments
if "%~1"=="" goto services
if /i "%~1"=="-Services" set "services=%~2"
shift
goto arguments

:services
set reversed=
for %%S in (%services%) do call :before %%S
for %%S in (%reversed%) do call :stop %%S

if not %res%==0 "%SAFE%\safekit.exe" printe "stop_both failed"

exit /b %res%

:before
set reversed=%1 %reversed%
goto :eof

:stop
echo Stopping service %~1
net stop "%~1" /y
sc query "%~1" | find "STOPPED"
if errorlevel 1 set res=1
goto :eof
