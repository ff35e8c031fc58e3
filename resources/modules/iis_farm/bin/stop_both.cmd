@echo off
rem Stops the services of IIS on this node.
rem Arguments: [force] present state, next state, action; after a service check also: -Services "a, b".
setlocal

echo Running stop_both %*

set res=0

rem A forced stop comes after the normal one, and kills what is left.
set way=stop
if /i "%~1"=="force" set way=kill

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
for %%S in (%reversed%) do call :%way% %%S
exit /b %res%

:before
set reversed=%1 %reversed%
goto :eof

:kill
echo Killing service %~1
taskkill /f /fi "SERVICES eq %~1"
goto :eof

:stop
echo Stopping service %~1
net stop "%~1" /y
sc query "%~1" | find "STOPPED"
if not errorlevel 1 goto :eof
set res=1
echo service %~1 did not stop
"%SAFE%\safekit.exe" printe "stop_both: service %~1 did not stop"
goto :eof
