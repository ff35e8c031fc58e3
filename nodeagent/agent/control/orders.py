"""Orders to the modules of this node, and what their scripts tell."""

import asyncio
from dataclasses import dataclass, field
from functools import partial
from itertools import count

from nodeagent.agent.control.parts import Parts
from nodeagent.agent.snapshot import clock_text
from nodeagent.contract.api import Order, OrderAnswer, Print, WhyAnswer
from nodeagent.contract.states import Action, ResourceState, State, Status
from nodeagent.core import events as ev
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
        ticket = next(self._tickets)
        future: asyncio.Future[tuple[bool, str]] = asyncio.get_running_loop().create_future()
        self._asked[ticket] = future
        author = order.identity or caller.name
        self.parts.engine.post(ev.ActionOrdered(module, order.action, author, order.identity, ticket))
        try:
            accepted, text = await future
        finally:
            self._asked.pop(ticket, None)
        if not accepted:
            raise Refused(409, "not-now", text)
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
            return WhyAnswer(module, f"{module} was never applied on this node")
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

    def set_boot(self, caller: Caller, module: str, on: bool) -> None:
        """The node's own start-at-boot setting of a module."""
        self.parts.module_status(module)
        self.parts.writer.submit(partial(self.parts.store.modules.set_boot, module, on))

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
