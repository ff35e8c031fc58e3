"""A module with 300 lines of odd but legal XML, for the tests of the editor."""

from nodeagent.contract.module_files import USERCONFIG

COMMENTS = "\r\n".join(f"    <!-- kept as it is, {number}: <proc name='no'/> &amp; \u00e9 -->" for number in range(280))
ODD = f"""<?xml version='1.0'  encoding = "utf-8" ?>\r
<!DOCTYPE safe>\r
<safe  xmlns:x='urn:other' >\r
  <macro name='WORD' value="a &lt; b"/>\r
\t<service mode='farm'   boot = 'auto'\r
\t         maxloop="3"\r
\t         loop_interval='24' x:mine="yes">\r
{COMMENTS.replace(chr(10), chr(10))}\r
    <farm   ><lan name="default"  /><lan
 name='private'/></farm>\r
    <unknown  thing='1'><b/></unknown>\r
    <errd polltimer="10" >\r
      <proc class='both' name="one"
            atleast = '1'   action="restart" ></proc>\r
      <proc class="both" name='two' argregex='"quoted" &amp; more'
            grace="1s"/>\r
    </errd>\r
    <user nicestoptimeout = "300" forcestoptimeout='300'
          starttimeout="300"   logging='userlog'  exitcode="act" />\r
    <health   rounds='1'\r
              drain="7" />\r
  </service >\r
</safe>\r
<!-- the end -->"""

FILES = {
    USERCONFIG: ODD.encode(),
    "bin/start_both": b"#!/bin/sh\nexit 0\n",
    "bin/start_both.cmd": b"@echo off\r\nexit /b 0\r\n",
}
