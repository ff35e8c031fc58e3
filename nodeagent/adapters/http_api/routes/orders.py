"""Orders to a module and what scripts tell."""

from nodeagent.adapters.http_api.route import Call, Route
from nodeagent.contract import api, order_api
from nodeagent.contract.states import Role
from nodeagent.engine.ports import Refused


async def _order(call: Call) -> object:
    answer = await call.control.orders.order(call.caller, call.module, call.body)
    if not answer.accepted:
        raise Refused(409, "refused", answer.text)
    return answer


async def _why(call: Call) -> object:
    return call.control.orders.why(call.module)


async def _say(call: Call) -> object:
    await call.control.orders.print(call.module, call.body)
    return None


async def _switch(call: Call) -> object:
    asked: api.SetSwitch = call.body
    call.control.orders.set_switch(call.caller, call.module, asked.switch, asked.on, asked.seconds)
    return None


async def _resource(call: Call) -> object:
    call.control.orders.set_resource(call.caller, call.module, call.body.name, call.body.value)
    return None


def _holds(call: Call) -> bool:
    """A checker of its own says what it finds in every round: what it said before is no news."""
    found = (
        resource.state
        for module in call.control.status().modules
        if module.name == call.module
        for resource in module.resources
        if resource.name == call.body.name
    )
    return call.body.value in found


async def _boot(call: Call) -> object:
    return await call.control.orders.boot(call.module)


async def _set_boot(call: Call) -> object:
    await call.control.orders.set_boot(call.caller, call.module, call.body.on, call.body.seconds)
    return None


async def _class(call: Call) -> object:
    await call.control.orders.set_class(call.caller, call.module, call.body.name, call.body.on)
    return None


async def _count_loop(call: Call) -> object:
    call.control.orders.count_loop(call.caller, call.module, call.body)
    return None


async def _reset_loop(call: Call) -> object:
    call.control.orders.reset_loop(call.caller, call.module)
    return None


async def _run_without(call: Call) -> object:
    return await call.control.orders.run_without(call.caller, call.module, call.body.start)


_M = "/modules/{module}"
ROUTES: tuple[Route, ...] = (
    Route(
        "order",
        "POST",
        _M + "/actions",
        "Order an action; 409 when it is refused",
        _order,
        Role.CONTROL,
        takes=api.Order,
        gives=api.OrderAnswer,
        status=202,
        changes=True,
        audited=lambda body: f"{body.action} -i {body.identity}" if body.identity else str(body.action),
    ),
    Route("why", "GET", _M + "/why", "Why it is not green", _why, gives=api.WhyAnswer),
    Route("print", "POST", _M + "/print", "A line from a script", _say, Role.CONTROL, takes=api.Print, local=True),
    Route(
        "switch",
        "POST",
        _M + "/switches",
        "Pause or resume errd, checker or failover",
        _switch,
        Role.CONTROL,
        takes=api.SetSwitch,
        changes=True,
        audited=lambda body: f"{body.switch} {'on' if body.on else f'off for {body.seconds:g} s'}",
    ),
    Route(
        "resource",
        "POST",
        _M + "/resources",
        "Set a resource",
        _resource,
        Role.CONTROL,
        takes=api.SetResource,
        changes=True,
        idle=_holds,
        audited=lambda body: f"{body.name}={body.value}",
    ),
    Route(
        "class",
        "POST",
        _M + "/classes",
        "Enable or disable an own class of process rules",
        _class,
        Role.CONTROL,
        takes=order_api.SetClass,
        changes=True,
        audited=lambda body: f"{body.name} {'on' if body.on else 'off'}",
    ),
    Route(
        "countLoop",
        "POST",
        _M + "/loop",
        "Count one automatic action against maxloop",
        _count_loop,
        Role.CONTROL,
        takes=order_api.CountLoop,
        changes=True,
        audited=lambda body: f"-i {body.identity}" if body.identity else "",
    ),
    Route(
        "resetLoop",
        "DELETE",
        _M + "/loop",
        "Begin the count of automatic actions anew",
        _reset_loop,
        Role.CONTROL,
        changes=True,
    ),
    Route(
        "runWithout",
        "POST",
        _M + "/run-without",
        "Start or stop the application of a stopped module; 409 when it is refused",
        _run_without,
        Role.CONTROL,
        takes=order_api.RunWithout,
        gives=api.OrderAnswer,
        status=202,
        changes=True,
        audited=lambda body: "start" if body.start else "stop",
    ),
    Route(
        "bootSetting",
        "GET",
        _M + "/boot",
        "Whether it starts when the node boots",
        _boot,
        gives=order_api.BootSetting,
    ),
    Route(
        "boot",
        "POST",
        _M + "/boot",
        "The node's own start-at-boot setting",
        _set_boot,
        Role.ADMIN,
        takes=api.SetBoot,
        changes=True,
        audited=lambda body: f"{'on' if body.on else 'off'}{f' for {body.seconds:g} s' if body.seconds else ''}",
    ),
)
