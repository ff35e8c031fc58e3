@echo off
rem Before each apply: are the services here? nginx is none by itself.
setlocal

echo Running confcheck %*

set res=0
for %%S in (%SERVICES%) do call :look %%S
exit /b %res%

:look
sc query "%~1"
if not errorlevel 1 goto :eof
echo there is no service %~1 on this node: register nginx.exe as one, and put its name into SERVICES
set res=1
goto :eof
