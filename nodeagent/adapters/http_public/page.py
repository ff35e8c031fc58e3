"""The one-page status at `/`: no secrets, no causes, no script; reloads itself."""

from datetime import UTC, datetime
from html import escape

from nodeagent.contract.states import State, Status
from nodeagent.contract.status import ModuleStatus, NodeStatus, PeerStatus

STYLE = """
:root{color-scheme:light dark;--page:#f4f5f7;--card:#fff;--line:#dce0e6;--text:#181c22;--soft:#5a6472;
--green:#146e33;--orange:#9a4c00;--red:#c01c28;--grey:#566272}
@media(prefers-color-scheme:dark){:root{--page:#16191e;--card:#1d2127;--line:#30363f;--text:#e6e9ee;--soft:#98a2b0;
--green:#3fb868;--orange:#ffab4a;--red:#ff7b7b;--grey:#9aa7b8}}
body{margin:0;padding:24px 16px;background:var(--page);color:var(--text);font:15px/1.5 system-ui,sans-serif}
main{max-width:720px;margin:auto}h1{font-size:22px;margin:0}h2{font-size:15px;margin:24px 0 8px}
p{margin:0 0 8px;color:var(--soft)}a{color:inherit}
table{width:100%;border-collapse:collapse;background:var(--card);border:1px solid var(--line);border-radius:8px}
th,td{text-align:left;padding:8px 12px;border-top:1px solid var(--line)}tr:first-child>*{border-top:0}
th{font-weight:600;font-size:13px;color:var(--soft)}
.green{color:var(--green)}.orange{color:var(--orange)}.red{color:var(--red)}.grey{color:var(--grey)}
"""


def look_of(configured: bool, state: State, status: Status) -> tuple[str, str, str]:
    """(colour, glyph, words) of a module."""
    if not configured:
        return "grey", "–", "NOT CONFIGURED"
    if status is Status.READY:
        return "green", "✔", f"{state} Ready"
    if status is Status.TRANSIENT:
        return "orange", "↻", f"{state} Transient"
    return "red", "◌" if state is State.WAIT else "✖", f"{state} NotReady"


def coloured(configured: bool, state: State, status: Status, name: str = "") -> str:
    """A state as colour, glyph and words, with the module's name in front when several stand together."""
    colour, glyph, words = look_of(configured, state, status)
    return f'{escape(name)} <span class="{colour}">{glyph} {escape(words)}</span>'.strip()


def moment(time: float) -> str:
    """A wall-clock time in words, UTC."""
    return f"{datetime.fromtimestamp(time, UTC):%Y-%m-%d %H:%M:%S} UTC" if time else ""


def module_row(module: ModuleStatus) -> str:
    """One line of the table of modules."""
    share = f"{module.share:.1f} % ({escape(module.share_by)})" if module.ready else ""
    return (
        f"<tr><td>{escape(module.name)}</td><td>{coloured(module.configured, module.state, module.status)}</td>"
        f"<td>{moment(module.since)}</td><td>{share}</td></tr>"
    )


def peer_row(peer: PeerStatus) -> str:
    """One line of the table of peers."""
    if not peer.alive:
        colour, words = "red", f"✖ not heard{f': {peer.reason}' if peer.reason else ''}"
    elif peer.degraded or not peer.same_configuration:
        words = "↻ heard, not on every lan" if peer.degraded else "↻ heard, other configuration"
        colour = "orange"
    else:
        colour, words = "green", "✔ heard"
    modules = ", ".join(coloured(True, module.state, module.status, module.name) for module in peer.modules)
    return f'<tr><td>{escape(peer.name)}</td><td class="{colour}">{escape(words)}</td><td>{modules}</td></tr>'


def table(heads: str, rows: list[str], none: str) -> str:
    """A table, or one sentence when there is nothing to show."""
    if not rows:
        return f"<p>{none}</p>"
    return f"<table><tr>{''.join(f'<th>{head}</th>' for head in heads.split('|'))}</tr>{''.join(rows)}</table>"


def page(status: NodeStatus, on_time: bool) -> bytes:
    """The whole page."""
    late = "" if on_time else '<p class="red">✖ This agent is late: every ready.txt answers 404 until it is not.</p>'
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="5">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(status.node)} – Keepgreen</title><style>{STYLE}</style></head><body><main>"
        f"<h1>{escape(status.node)}</h1><p>Keepgreen {escape(status.version)}, {moment(status.time)}</p>{late}"
        f"<h2>Modules</h2>"
        f"{table('Module|State|Since|Share', [module_row(m) for m in status.modules], 'No module is installed.')}"
        f"<h2>Other nodes</h2>"
        f"{table('Node|Heartbeats|Modules', [peer_row(p) for p in status.peers], 'This node has no peers.')}"
        '<p><a href="/mosaic">Mosaic: which node answers</a></p>'
        "</main></body></html>\n"
    ).encode("utf-8", "replace")
