"""Orders to the modules of this node, and what their scripts tell."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

from nodeagent.agent.control.parts import Parts, in_thread
from nodeagent.agent.snapshot import clock_text
from nodeagent.contract.api import Order, OrderAnswer, Print, WhyAnswer
from nodeagent.contract.order_api import BootSetting, CountLoop
from nodeagent.contract.states import Action, ResourceState, State, Status
from nodeagent.core import events as ev
from nodeagent.durable import wall_time
from nodeagent.engine.ports import Caller, Refused

SWITCHES = ("errd", "checker", "failover")


@dataclass(frozen=True, slots=True)
class AgentOrders:
    """The port `OrderControl`."""

    parts: Parts
    _tickets: "count[int]" = field(default_factory=lambda: count(1))
    _asked: dict[int, asyncio.Future[tuple[bool, str]]] = field(default_factory=dict)

    async def order(self, caller: Caller, module: str, order: Order) -> OrderAnswer:
        """Order an action; answered when accepted, or with `wait` when its end was seen."""
        self.parts.applied(module)
        if order.wait and order.run.partition("/")[0] == module and self._runs(module, order.run):
            text = f"a script of {module} cannot wait for its own module; order it without waiting"
            raise Refused(409, "own-script", text)
        author = order.identity or caller.name
        text = await self._accepted(
            lambda ticket: ev.ActionOrdered(module, order.action, author, order.identity, ticket)
        )
        done = await self._end_of(module, order.action, order.wait) if order.wait else False
        status = self.parts.module_status(module)
        return OrderAnswer(True, text, done, status.state, status.status)

    def answered(self, ticket: int, accepted: bool, text: str) -> None:
        """The core has answered an order."""
        future = self._asked.get(ticket)
        if future is not None and not future.done():
            future.set_result((accepted, text))

    async def print(self, module: str, line: Print) -> None:
        """A line of printi or printe; it is in the log when this returns."""
        self.parts.module_status(module)
        self.parts.engine.post(ev.Printed(module, line.text, line.error, line.origin))
        await self.parts.engine.handled()
        await self.parts.journal.flush()

    def why(self, module: str) -> WhyAnswer:
        """The sentence and its cause chain."""
        told = self.parts.engine.node.why(module)
        if told is None:
            self.parts.module_status(module)
            return WhyAnswer(module, f"{module} is installed but not in force on this node")
        sentence, since, chain = told
        status = self.parts.module_status(module)
        shown = f"{status.state} {status.status}" if status.state is not State.STOP else "STOP"
        reason = sentence or f"serving, {status.by} started it" if status.by else sentence or "serving"
        return WhyAnswer(module, f"{shown} since {clock_text(since)}: {reason}", chain)

    def set_switch(self, caller: Caller, module: str, switch: str, on: bool, seconds: float) -> None:
        """Pause or resume errd, checker or failover; `seconds` 0 = no end."""
        self.parts.applied(module)
        if switch not in SWITCHES:
            raise Refused(400, "bad-request", f"{switch!r} cannot be switched; {', '.join(SWITCHES)} can")
        until = self.parts.engine.now() + seconds if seconds > 0 and not on else None
        self.parts.engine.post(ev.SwitchSet(module, switch, on, caller.name, until))

    def set_resource(self, caller: Caller, module: str, name: str, value: str) -> None:
        """Set a resource `class.ident` by command."""
        self.parts.applied(module)
        try:
            state = ResourceState(value)
        except ValueError:
            text = f"{value!r} is no state of a resource; {', '.join(ResourceState)} are"
            raise Refused(400, "bad-request", text) from None
        self.parts.engine.post(ev.ResourceSet(module, name, state, caller.name))

    async def boot(self, module: str) -> BootSetting:
        """Whether the module starts when the node boots."""
        self.parts.module_status(module)
        on, until = await in_thread(self.parts.store.modules.boot, module)
        committed = await in_thread(self.parts.store.modules.module, module)
        return BootSetting(on, until, committed.config.boot if committed else None)

    async def set_boot(self, caller: Caller, module: str, on: bool, seconds: float) -> None:
        """The node's own start-at-boot setting of a module; it turns round after `seconds`, 0 = never."""
        self.parts.module_status(module)
        until = wall_time() + seconds if seconds else 0.0
        await in_thread(self.parts.store.modules.set_boot, module, on, until)

    async def set_class(self, caller: Caller, module: str, name: str, on: bool) -> None:
        """Enable or disable an own class of process rules."""
        self.parts.applied(module)
        committed = await in_thread(self.parts.store.modules.module, module)
        monitoring = committed.config.monitoring if committed else None
        own = sorted({rule.proc_class for rule in monitoring.procs} - {"both", "pre"}) if monitoring else []
        if name not in own:
            text = f"{module} has no class {name!r} of its own in force; it has {', '.join(own) or 'none'}"
            raise Refused(404, "no-class", text)
        self.parts.engine.post(ev.ClassSwitched(module, name, on, caller.name))

    def count_loop(self, caller: Caller, module: str, request: CountLoop) -> None:
        """Count one automatic action of a script against maxloop."""
        self.parts.applied(module)
        self.parts.engine.post(ev.LoopCounted(module, request.identity or caller.name, request.text))

    def reset_loop(self, caller: Caller, module: str) -> None:
        """The count of automatic actions begins anew."""
        self.parts.applied(module)
        self.parts.engine.post(ev.LoopReset(module, caller.name))

    async def run_without(self, caller: Caller, module: str, start: bool) -> OrderAnswer:
        """Start or stop the application while the module is in STOP; answered when accepted."""
        self.parts.applied(module)
        text = await self._accepted(lambda ticket: ev.RunWithoutOrdered(module, start, caller.name, ticket))
        status = self.parts.module_status(module)
        return OrderAnswer(True, text, False, status.state, status.status)

    async def _accepted(self, ordered: Callable[[int], ev.Event]) -> str:
        """What the core says to the order with this ticket. Raises Refused."""
        ticket = next(self._tickets)
        future: asyncio.Future[tuple[bool, str]] = asyncio.get_running_loop().create_future()
        self._asked[ticket] = future
        self.parts.engine.post(ordered(ticket))
        try:
            accepted, text = await future
        finally:
            self._asked.pop(ticket, None)
        if not accepted:
            raise Refused(409, "not-now", text)
        return text

    def _runs(self, module: str, run: str) -> bool:
        script = self.parts.module_status(module).script
        return script is not None and script.run == run.partition("/")[2]

    async def _end_of(self, module: str, action: Action, seconds: float) -> bool:
        """Whether the action's end was seen in time: the module rests in STOP, or is UP Ready."""
        wanted = {Action.STOP, Action.FORCESTOP}
        try:
            async with asyncio.timeout(seconds):
                while not self._rests(module, stopping=action in wanted):
                    await self.parts.feed.changed()
        except TimeoutError:
            return False
        return True

    def _rests(self, module: str, *, stopping: bool) -> bool:
        status = self.parts.module_status(module)
        stopped = status.state is State.STOP and status.script is None
        return stopped or (not stopping and status.status is Status.READY)
