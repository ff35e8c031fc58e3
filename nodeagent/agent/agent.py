"""The composition root of the agent: builds every part once, starts it, and takes it down in order."""

import asyncio
import os
import secrets
from collections.abc import Callable, Collection
from contextlib import suppress
from functools import partial

from nodeagent import __version__
from nodeagent.adapters.checkers import ModuleCheckers
from nodeagent.adapters.config_store import ConfigStore, Damaged, UnfinishedChanges
from nodeagent.adapters.crypto import ChaChaSealer
from nodeagent.adapters.enrolment import EnrolmentPort
from nodeagent.adapters.http_api import ApiServer, LocalServer, Logins, NodeLogins, Relay, Users
from nodeagent.adapters.http_api.route import Part
from nodeagent.adapters.http_public import HealthServer
from nodeagent.adapters.journal import SqliteJournal
from nodeagent.adapters.node_load import NodeLoad
from nodeagent.adapters.processes.applications import ApplicationProcesses
from nodeagent.adapters.processes.boot import boot_id
from nodeagent.adapters.processes.programs import ProgramProcesses, end_strays
from nodeagent.adapters.processes.scripts import ScriptProcesses, end_lost
from nodeagent.adapters.reboot import SystemReboot
from nodeagent.adapters.script_jobs import NodeFacts
from nodeagent.adapters.settings import Settings
from nodeagent.adapters.state_store import StateStore
from nodeagent.adapters.tls import NodeKeys
from nodeagent.adapters.udp import LanSockets
from nodeagent.adapters.vip import modules_in_kernel, node_problems, open_vip
from nodeagent.agent.configuration_scripts import ConfigurationScripts
from nodeagent.agent.confirmation import Confirmation
from nodeagent.agent.control import AgentControl, Parts
from nodeagent.agent.control.enrolment import registry_of
from nodeagent.agent.feed import Feed
from nodeagent.agent.figures import TimedScripts
from nodeagent.agent.kernel_traffic import KernelTraffic
from nodeagent.agent.module_jobs import ModuleJobs
from nodeagent.agent.peer_memory import PeerMemory
from nodeagent.agent.record_keeping import RecordKeeping, journal_limits
from nodeagent.agent.snapshot import Around, Snapshot
from nodeagent.agent.supervisor import Supervisor, longest_stop, stop_modules
from nodeagent.contract.api import LogLine, LogPage, ModuleInfo
from nodeagent.contract.states import LogType
from nodeagent.core import events as ev
from nodeagent.core.membership import Membership
from nodeagent.core.node import Node
from nodeagent.core.phases import Phase
from nodeagent.core.script_runs import agent_of_runs
from nodeagent.core.traffic_messages import WithdrawTraffic
from nodeagent.engine.loop import Adapters, Engine
from nodeagent.engine.ports import CommittedModule
from nodeagent.engine.writer import Writer
from nodeagent.home import Home
from nodeagent.safe_links import lay_commands

SHOWN = 0.02
"""Seconds until the public port shows a change of the status: many modules that change at once are one picture."""

LAST_WORDS = 0.2
"""Seconds between the goodbye and the end, so that it is really sent."""


class Agent:
    """One agent. `run` serves until `stop` is set; applications and scripts live on."""

    def __init__(self, home: Home, settings: Settings, umask: int) -> None:
        """Reads and makes what is needed on disk. Blocks; raises Damaged, OSError and ValueError in words.

        `umask`: of the scripts.
        """
        self._home, self._settings, self._umask = home, settings, umask
        self._store = ConfigStore.open(home, node_problems, may_reboot=settings.agent.reboot)
        try:
            self._users = Users(self._store.cluster.users, self._keep_users)
        except ValueError as error:
            raise ValueError(f"{home.cluster / 'node.json'}: {error}") from None
        self._keys = NodeKeys(home.tls)
        self._tls = self._keys.server_context()
        self._boot_id = boot_id()
        self._jobs = ModuleJobs(home, self._facts)
        self._session = secrets.token_bytes(16)
        self._stops: dict[str, float] = {}
        """Seconds the stop of each module may take."""

    async def run(self, stop: asyncio.Event, on_line: Callable[[LogLine], None], supervisor: Supervisor) -> None:
        """Serve until `stop` is set; every log line also goes to `on_line`."""
        async with asyncio.TaskGroup() as tasks:
            await self._run(tasks, stop, on_line, supervisor)

    async def _run(
        self,
        tasks: asyncio.TaskGroup,
        stop: asyncio.Event,
        on_line: Callable[[LogLine], None],
        supervisor: Supervisor,
    ) -> None:
        home, store, listen = self._home, self._store, self._settings.listen
        loop = asyncio.get_running_loop()
        writer = Writer(loop)
        ports = (listen.api_port, listen.health_port)
        membership = Membership(self._session, store.cluster.uuid, ChaChaSealer(), __version__, ports)
        engine = Engine(Node(membership, self._session), writer)

        def line_written(line: LogLine) -> None:
            feed.line_written(line)
            records.line_written(line)
            on_line(line)

        limits = journal_limits(self._settings.records)
        journal = SqliteJournal(home.records, writer, lambda: store.cluster.name, line_written, limits=limits)
        say = partial(_say, journal)
        records = RecordKeeping(home, self._settings, store, writer, say)
        agent = agent_of_runs(self._session)
        states = StateStore(home, self._boot_id, partial(say, LogType.CRITICAL), agent=agent)

        users = self._users
        health = HealthServer(listen.address, listen.health_port, say, engine.on_time)
        datagrams = LanSockets(engine.post, engine.take, tasks)
        reboot = SystemReboot(self._settings.agent.reboot, say)

        def script_event(event: ev.Event) -> None:
            records.figures.script_told(event)
            engine.post(event)
            configuration_scripts.seen(event)

        scripts, processes = ScriptProcesses(script_event), ApplicationProcesses(engine.post)
        programs = ProgramProcesses(scripts.tend)
        checkers = ModuleCheckers(engine.post, tasks, programs, (listen.address, listen.health_port), engine.leisure)
        traffic = KernelTraffic(partial(open_vip, home.virtual_ips), engine.post, say)
        configuration_scripts = ConfigurationScripts(
            scripts, journal, home, self._facts, UnfinishedChanges(home, self._boot_id)
        )

        def take_cluster() -> None:
            self._take_cluster(engine, datagrams)

        async def take_module(name: str) -> None:
            self._take_module(engine, await asyncio.to_thread(self._committed, name))
            supervisor.may_need(self._longest_stop())
            await snapshot.look_for_modules()

        def load_changed() -> None:
            snapshot.changed()
            feed.status_changed()

        load = NodeLoad(load_changed, engine.leisure)
        memory = PeerMemory(home.peers, lambda: engine.node.peers(engine.now()))
        snapshot = Snapshot(
            engine,
            store,
            self._keys.pin,
            self._boot_id,
            Around(
                listeners=lambda: (*api.listeners, *health.listeners),
                probes=lambda: health.probes,
                alarms=lambda: (*datagrams.problems(), *journal.problems()),
                load=load,
                memory=memory,
            ),
        )

        async def log_after(cursor: int) -> LogPage:
            return await asyncio.to_thread(partial(journal.query, after=cursor))

        feed = Feed(snapshot.now, log_after)
        enrolment = EnrolmentPort(
            self._keys.pin,
            self._tls,
            registry_of(store.cluster),
            address=listen.address,
            port=listen.enrol_port,
            audit=journal.audit,
            say=say,
        )
        confirmation = Confirmation(store.cluster, engine, say, take_cluster)
        control = AgentControl(
            Parts(
                home,
                engine,
                writer,
                store,
                users,
                journal,
                self._keys,
                snapshot,
                feed,
                confirmation,
                say,
                take_cluster,
                take_module,
                configuration_scripts,
                records,
                enrolment,
            )
        )
        logins, keys = Logins(users), self._keys
        part = Part(control, users, logins, NodeLogins(keys.pin, control.peers.pins, logins), Relay(keys))
        api = ApiServer(
            part,
            self._tls,
            address=listen.address,
            port=listen.api_port,
            audit=journal.audit,
            say=say,
        )
        local = LocalServer(part, home, audit=journal.audit, say=say)

        shown = True

        def show_status() -> None:
            nonlocal shown
            shown = True
            health.set_status(snapshot.now())

        def published() -> None:
            nonlocal shown
            snapshot.changed()
            feed.status_changed()
            if shown:
                shown = False
                loop.call_later(SHOWN, show_status)

        engine.on_publish, engine.on_answer = published, control.orders.answered
        say(LogType.INFO, f"agent {__version__} starts (pid {os.getpid()}), home {home.var}")
        for problem in await asyncio.to_thread(lay_commands, home.safe):
            say(LogType.ERROR, problem)
        take_cluster()
        confirmation.changed()
        unread = set()
        for module in await asyncio.to_thread(store.modules.installed):
            if not await self._load_module(engine, states, module, say):
                unread.add(module.name)
            elif module.configured:
                scripts.tend(home.user_log(module.name), self._jobs.output_cap(module.name))
        await asyncio.to_thread(self._end_left_behind, states, configuration_scripts)
        engine.connect(
            Adapters(
                datagrams,
                TimedScripts(scripts, records.figures),
                processes,
                checkers,
                reboot,
                traffic,
                health,
                states,
                journal,
                self._jobs,
            )
        )
        await engine.handled()
        await self._clear_kernel(engine, traffic, unread, say)
        changes = tasks.create_task(control.modules.finish_changes(), name="changes of modules")
        services = [
            tasks.create_task(service.run(), name=name)
            for name, service in (
                ("virtual IPs", traffic),
                ("health port", health),
                ("API port", api),
                ("local transport", local),
                ("load", load),
                ("memory of peers", memory),
                ("confirmation", confirmation),
                ("records", records),
                ("enrolment", enrolment),
            )
        ]
        supervisor.may_need(self._longest_stop())
        supervisor.started()
        await stop.wait()
        if await supervisor.system_stops():
            say(LogType.INFO, "the system shuts down: the modules stop first")
            scripts.system_stops()
            for name in await stop_modules(engine, supervisor, self._longest_stop()):
                say(LogType.ERROR, f"module {name} does not end; the system goes down all the same")
        else:
            say(LogType.INFO, "agent stops; applications go on")
        engine.post(ev.AgentStopping())
        await asyncio.sleep(LAST_WORDS)
        engine.close()
        for service in (changes, *services):
            service.cancel()
        await memory.keep()
        await checkers.close()
        programs.close()
        await traffic.close()
        await scripts.close()
        await processes.close()
        await datagrams.close()
        users.close()
        await journal.close()
        await asyncio.to_thread(writer.close)

    async def _keep_users(self, table: bytes) -> None:
        await asyncio.to_thread(self._store.cluster.set_users, table)

    def _end_left_behind(self, states: StateStore, changes: ConfigurationScripts) -> None:
        """What a dead agent left behind and nobody waits for. Blocks."""
        changes.take_up()
        end_strays(str(self._home.safe))
        end_lost(str(self._home.safe), lambda *run: states.is_lost(*run) or changes.is_lost(*run))
        states.take_over()

    def _take_cluster(self, engine: Engine, datagrams: LanSockets) -> None:
        """Put the committed cluster in force; scripts and `%SAFENODE%` in files mean this node."""
        committed = self._store.cluster.cluster()
        facts = self._facts()
        os.environ["SAFENODE"], os.environ["SAFENODEADDR"] = facts.name, facts.address
        if committed is None:
            datagrams.configure(None, "")
            engine.post(ev.ClusterConfigured(None))
        else:
            datagrams.configure(committed.config, committed.me)
            final = self._store.cluster.open_commit is None
            engine.post(ev.ClusterConfigured(committed.config, committed.me, committed.keys, confirmed=final))

    def _facts(self) -> NodeFacts:
        committed = self._store.cluster.cluster()
        if committed is None:
            return NodeFacts(self._store.cluster.name, umask=self._umask)
        own = committed.config.command_lan.address_of(committed.me)
        return NodeFacts(committed.me, own.addr if own else "", self._umask)

    def _longest_stop(self) -> float:
        """Seconds until all modules, which stop side by side, would be at rest."""
        return max(self._stops.values(), default=0.0)

    def _committed(self, name: str, revision: int = 0) -> tuple[CommittedModule, bool] | None:
        """A revision of a module, 0 = that in force, and whether the node's own setting starts it at boot. Blocks."""
        module = self._store.modules.module(name, revision)
        return None if module is None else (module, self._store.modules.boot(name)[0])

    def _take_module(
        self, engine: Engine, found: tuple[CommittedModule, bool] | None, record: ev.ModuleRecord | None = None
    ) -> None:
        if found is None:
            return
        module, boot_on = found
        self._stops[module.config.name] = longest_stop(module.config)
        self._jobs.keep(module)
        config = self._settings.agent.within(module.config)
        engine.post(ev.ModuleConfigured(config, module.revision, module.scripts, record, boot_on))

    async def _load_module(
        self, engine: Engine, states: StateStore, module: ModuleInfo, say: Callable[[LogType, str], None]
    ) -> bool:
        """Take up a module at the start of the agent; a damaged one is said and left out."""
        name, record, running = module.name, ev.ModuleRecord(same_boot=False), None
        try:
            if module.configured:
                known = await asyncio.to_thread(states.load, name)
                record = known or record
                running = await asyncio.to_thread(self._older, name, record)
            # It goes on with what it was started with; what is in force waits.
            self._take_module(engine, running, record)
            in_force = await asyncio.to_thread(self._committed, name)
            if running and in_force:
                self._take_module(engine, await asyncio.to_thread(self._last_powers, running[0], in_force[0]))
            self._take_module(engine, in_force, None if running else record)
        except (Damaged, OSError) as damage:
            say(LogType.CRITICAL, f"module {name} cannot be used: {damage}")
            return False
        return True

    async def _clear_kernel(
        self, engine: Engine, traffic: KernelTraffic, unread: Collection[str], say: Callable[[LogType, str], None]
    ) -> None:
        """Take away what earlier agents put into the kernel for modules that are here no more or run without.

        What a module has whose configuration cannot be read is left as it is.
        """
        for name in sorted(await asyncio.to_thread(modules_in_kernel, self._home.virtual_ips)):
            if name not in unread and engine.node.traffic.traffic_of(name) is None:
                say(LogType.INFO, f"{name} has no virtual IP any more: what is left of one is taken away")
                traffic.withdraw(WithdrawTraffic(name, reset=True))

    def _older(self, name: str, record: ev.ModuleRecord) -> tuple[CommittedModule, bool] | None:
        """The revision that still runs, when it is not the one in force. Blocks."""
        modules, runs = self._store.modules, record.same_boot and record.phase is not Phase.STOPPED
        if not runs or record.revision in (0, modules.current(name)):
            return None
        with suppress(Damaged):  # its files are gone: those in force have to serve
            return self._committed(name, record.revision)
        return None

    def _last_powers(self, running: CommittedModule, in_force: CommittedModule) -> tuple[CommittedModule, bool] | None:
        """The newest revision that has told powers to the virtual IP that runs, when that in force has none. Blocks."""
        if running.config.vip is None or in_force.config.vip is not None:
            return None
        for revision in range(in_force.revision - 1, running.revision, -1):
            with suppress(Damaged):
                found = self._committed(in_force.config.name, revision)
                if found and found[0].config.vip:
                    return found
        return None


def _say(journal: SqliteJournal, type_: LogType, text: str) -> None:
    journal.append(type_, text)
