"""Good files that are written oddly, as files on real servers are."""

USUAL = b"""\
<!DOCTYPE safe>
<safe>
<service mode="farm" maxloop="3" loop_interval="24">
  <!-- Farm topology -->
  <farm>
    <lan name="default" />
  </farm>
  <!-- Software error detection -->
  <errd polltimer="10">
    <proc name="PROCESS_NAME" atleast="1" action="restart" class="both" />
  </errd>
  <user nicestoptimeout="300" forcestoptimeout="300" logging="userlog" />
</service>
</safe>
"""

FULL = b"""\
<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE safe>
<safe>
  <macro name="SERVICES" value="a,b"/>
  <macro name="PORT" value="80"/>
  <service mode="farm" boot="auto" boot_delay="1m" maxloop="5" loop_interval="90m" automatic_reboot="on"
           restart_delay="2s" restart_delay_max="30s">
    <farm port="4800" pulse="200ms" slost_count="20"><lan name="default"/><lan name="private"/></farm>
    <vip tcpreset="on">
      <interface_list>
        <interface check="on" arpreroute="on">
          <virtual_interface type="vmac_directed" addr="5A:FE:0A:00:00:6B">
            <virtual_addr addr="10.0.0.200" where="alias" check="on" connections="off"/>
          </virtual_interface>
        </interface>
      </interface_list>
      <loadbalancing_list>
        <group name="FarmProto">
          <cluster><host name="n1" power="2"/><host name="n2" power="0"/></cluster>
          <rule port="%PORT%" proto="tcp" filter="on_addr"/>
        </group>
      </loadbalancing_list>
    </vip>
    <user nicestoptimeout="10" forcestoptimeout="500ms" logging="none" userlogsize="64" starttimeout="2m"
          exitcode="act">
      <var name="SERVICES" value="%SERVICES%"/>
    </user>
    <var name="WHERE" value="%SITE% &amp; %PORT%"/>
    <errd polltimer="15">
      <proc name="httpd" class="both" nameregex="^httpd" argregex="-k start" atleast="2" atmost="9"
            action="restart" start_after="3" grace="250ms"/>
      <proc name="cache" class="pre" action="noaction"/>
      <proc name="W3SVC" class="web" service="yes" action="restart" restart_services="W3SVC, WAS"/>
      <proc name="odd" class="both" action="handle_odd"/>
    </errd>
    <check>
      <tcp ident="web"><to addr="localhost" port="%PORT%" interval="1m"/></tcp>
      <tcp ident="db" when="pre"><to addr="10.0.0.9" port="5432"/></tcp>
      <ping ident="router" action="noaction"><to addr="10.0.0.254"/></ping>
      <intf ident="lan"><to local_addr="10.0.0.1"/></intf>
      <ip ident="vip"><to addr="10.0.0.200"/></ip>
      <custom ident="own" exec="own_check" arg="-v 1" fall="2" rise="3" warmup="0"/>
      <module name="other"><to addr="n2" secure="on"/></module>
      <http ident="page"><to url="http://127.0.0.1/" status="200,204" contains="OK"/></http>
    </check>
    <failover extends="no" period="2s" handle_time="0">
      <![CDATA[ own: if (custom.own == down && tcp.? == down) then stopstart(); ]]>
    </failover>
    <health drain="7" rounds="2"/>
  </service>
</safe>
"""


def odd_userconfig() -> bytes:
    """More than 300 lines with CRLF, both quotes, comments, unknown elements, attributes over several lines."""
    lines = [
        "\ufeff<?xml version='1.0'   encoding=\"UTF-8\" ?>",
        "<!-- written by hand, since 2009 -->",
        "<!DOCTYPE   safe >",
        "<safe  >",
        "\t<macro value='caf\u00e9 &quot;x&quot;' name=\"PLACE\"/>",
        "<service",
        "     mode = 'farm'",
        "\t maxloop=\"3\"   loop_interval='24'",
        "  old_attribute='kept &#65; as it is'>",
        "  <farm><lan name = 'default'></lan ></farm>",
        '  <user logging="userlog" nicestoptimeout=\'300\'  forcestoptimeout="300"></user>',
        "  <heartbeat_of_old><![CDATA[ <not> & parsed ]]></heartbeat_of_old   >",
        "  <errd polltimer='10'   >",
    ]
    for number in range(70):
        lines += [
            f"    <!-- process {number}: \u00fcber > all -->",
            f"    <proc name='p{number}'  class=\"both\"",
            f"          atleast = '1' argregex='a &gt; \"{number}\"'",
            f'          action="restart" {"/>" if number % 2 else "></proc>"}',
        ]
    lines += [
        "  </errd>",
        "  <?old hint?>",
        "  <unknown><deep><deeper a='1'/></deep></unknown>",
        "</service>",
        "</safe>",
    ]
    lines += ["<!-- the end -->"] * 20
    return "\r\n".join([*lines, ""]).encode()
