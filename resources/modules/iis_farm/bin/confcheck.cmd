@echo off
rem Before each apply: is IIS here?

echo Running confcheck %*

sc query W3SVC
if errorlevel 1 (
    echo IIS is not installed on this node: add the Web Server role, in PowerShell: Install-WindowsFeature Web-Server
    exit /b 1
)

exit /b 0
