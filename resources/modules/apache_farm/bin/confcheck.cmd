@echo off
rem Before each apply: are the services here?
setlocal EnableDelayedExpansion

echo Running confcheck %*

set res=0
set "services=%SERVICES%"
for %%S in (!services!) do (
    sc query "%%~S"
    if errorlevel 1 (
        echo there is no service %%~S on this node: make it with httpd -k install -n %%~S, or correct SERVICES
        set res=1
    )
)

exit /b %res%
