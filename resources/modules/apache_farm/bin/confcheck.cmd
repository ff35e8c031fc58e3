@echo off
rem Before each apply: are the services here?
setlocal

echo Running confcheck %*

set res=0
for %%S in (%SERVICES%) do call :look %%S
exit /b %res%

:look
sc query "%~1"
if not errorlevel 1 goto :eof
echo there is no service %~1 on this node: make it with httpd -k install -n %~1, or correct SERVICES
set res=1
goto :eof
