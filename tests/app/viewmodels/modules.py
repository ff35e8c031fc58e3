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

RULES = """
  own: if (tcp.web == down && custom.db != up) then wait();
  // kept
"""
FULL = ODD.replace(
    "    <unknown",
    """    <vip><interface_list><interface name='eth0'>\r
      <virtual_interface type="vmac_invisible"><virtual_addr addr="10.0.0.100"/></virtual_interface>\r
    </interface></interface_list><loadbalancing_list><group name="http">\r
      <cluster><host name="node1" power="2"/></cluster>\r
      <rule port="80" proto="tcp" filter="on_addr"/><rule port="443" proto="tcp" filter="on_addr"/>\r
    </group></loadbalancing_list></vip>\r
    <check>\r
      <tcp ident="web" when="both"><to addr="127.0.0.1" port="80" interval="10s"/></tcp>\r
      <http ident='home' fall="2"><to url="http://localhost/"/></http>\r
      <tcp  ident="tls"><to addr="127.0.0.1"  port='443' /></tcp>\r
      <ping ident="gate" action="wait"><to addr="10.0.0.1"/></ping>\r
      <custom ident="db" exec="db_alive"/>\r
      <module ident="sql"><to name="sql"/></module>\r
      <intf ident="lan"><to local_addr="10.0.0.1"/></intf>\r
      <ip ident="own"><to addr="10.0.0.1"/></ip>\r
    </check>\r
    <failover extends='yes'><![CDATA["""
    + RULES.replace("\n", "\r\n")
    + """]]></failover>\r
    <unknown""",
).replace("<user nicestoptimeout", "<var name='COLOUR' value='blue'/>\r\n    <user nicestoptimeout")

FILES = {
    USERCONFIG: ODD.encode(),
    "bin/start_both": b"#!/bin/sh\nexit 0\n",
    "bin/start_both.cmd": b"@echo off\r\nexit /b 0\r\n",
}
