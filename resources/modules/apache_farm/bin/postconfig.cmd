@echo off
rem After each apply: from now on this module starts and stops the services, the system does not.
setlocal EnableDelayedExpansion

echo Running postconfig %*

set res=0
set "services=%SERVICES%"
for %%S in (!services!) do (
    sc qc "%%~S" | find "DEMAND_START"
    if errorlevel 1 (
        sc config "%%~S" start= demand
        if errorlevel 1 (
            echo service %%~S could not be set to manual start: SERVICES takes names of services, not their titles
            set res=1
        ) else (
            "%SAFE%\safekit.exe" printi "service %%~S is set to manual start: this module starts and stops it"
        )
    )
)

exit /b %res%
