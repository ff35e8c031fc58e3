@echo off
rem Stops the service on this node.
rem Arguments: [force] present state, next state, action; after a service check also: -Services "a, b".
setlocal EnableDelayedExpansion

echo Running stop_both %*

set res=0

rem A forced stop comes after the normal one, and kills what is left.
set force=no
if /i "%~1"=="force" set force=yes

rem The services of userconfig.xml, the last one first, or only the failed ones after -Services.
set "services=%SERVICES%"
:arguments
if "%~1"=="" goto services
if /i "%~1"=="-Services" set "services=%~2"
shift
goto arguments

:services
set reversed=
for %%S in (!services!) do set "reversed=%%S !reversed!"
for %%S in (!reversed!) do if !force!==yes (
    echo Killing service %%~S
    taskkill /f /fi "SERVICES eq %%~S"
) else (
    echo Stopping service %%~S
    set stopped=yes
    net stop "%%~S" /y || sc query "%%~S" | find "STOPPED" || set stopped=no
    if !stopped!==no (
        set res=1
        echo service %%~S did not stop
        "%SAFE%\safekit.exe" printe "stop_both: service %%~S did not stop"
    )
)

exit /b %res%
