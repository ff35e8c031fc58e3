@echo off
rem Starts the Apache service on this node.
rem Arguments: present state, next state, action; after a service check also: -Services "a, b".
setlocal EnableDelayedExpansion

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
for %%S in (!services!) do if !res! equ 0 (
    echo Starting service %%~S
    net start "%%~S" || sc query "%%~S" | find "RUNNING" || set res=1
    if !res! equ 1 (
        echo service %%~S did not start
        "%SAFE%\safekit.exe" printe "start_both: service %%~S did not start"
        rem The exit code lets the agent try again, at most maxloop times. Remove "rem" to stop at once instead:
        rem "%SAFE%\safekit.exe" stop -i "start_both"
    )
)

exit /b %res%
