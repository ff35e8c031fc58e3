@echo off
rem Before each apply: nginx is no Windows service by itself, so look for the services it was registered as.
setlocal EnableDelayedExpansion

echo Running confcheck %*

set res=0
set "services=%SERVICES%"
for %%S in (!services!) do (
    sc query "%%~S"
    if errorlevel 1 (
        echo there is no service %%~S on this node: register nginx.exe as one, and put its name into SERVICES
        set res=1
    )
)

exit /b %res%
