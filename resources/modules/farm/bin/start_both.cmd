@echo off
rem Starts the application on this node.
rem Arguments: present state, next state, action; after a service check also: -Services "a, b".
setlocal EnableDelayedExpansion

echo Running start_both %*

set res=0

rem Services named in userconfig.xml, in their order (only the failed ones when -Services is given).
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
)

rem Your own start calls. Leave res at 0 when all went well; a .cmd or .bat needs "call" before it.
rem OWN START CALLS

if not %res%==0 (
    "%SAFE%\safekit.exe" printe "start_both failed"
    rem The exit code lets the agent try again, at most maxloop times. Remove "rem" to stop at once instead:
    rem "%SAFE%\safekit.exe" stop -i "start_both"
)

exit /b %res%
