"""Enrolment: what the two nodes ask of each other, and what they remember of each other."""

import secrets
from dataclasses import dataclass

from nodeagent.adapters.config_store.cluster import ClusterStore
from nodeagent.adapters.enrolment import Registry
from nodeagent.agent.control.parts import Parts, in_thread
from nodeagent.client.enrolling import enrol
from nodeagent.client.failures import CallFailed
from nodeagent.contract.cluster_rules import NAME
from nodeagent.contract.enrolment import NONCE, EnrolJoin, Enrolled, EnrolOpened, Proof, key_of
from nodeagent.contract.states import LogType
from nodeagent.engine.ports import Caller, Refused


def registry_of(store: ClusterStore) -> Registry:
    """What the open side has to know: its name, and whom it knows already."""

    def objection(proof: Proof, pin: str) -> str:
        committed = store.cluster()
        if proof.uuid == store.uuid:
            return "the newcomer is a copy of this node: delete its cluster and tls directories, then start its agent"
        if proof.name == store.name:
            return f"this node is {proof.name} itself: join with --as NAME, the newcomer's name in cluster.xml"
        if committed and proof.name in committed.config.nodes and committed.pins.get(proof.name, pin) != pin:
            how = "`keepgreen cluster replace` puts a new machine in its place, --as NAME gives another name"
            return f"{proof.name} is a node of this cluster with another key: {how}"
        return ""

    return Registry(lambda: store.name, objection, store.remember)


@dataclass(frozen=True, slots=True)
class AgentEnrolment:
    """The port `EnrolmentControl`."""

    parts: Parts

    async def open(self, caller: Caller) -> EnrolOpened:
        """Let one newcomer in, by a new code."""
        return await self.parts.enrolment.open(caller.name)

    async def join(self, caller: Caller, request: EnrolJoin) -> Enrolled:
        """Be the newcomer of a node that is open; refused for a node of a cluster."""
        store = self.parts.store.cluster
        if store.cluster() is not None:
            raise Refused(409, "in-cluster", "this node is in a cluster already: `enrol join` is for one that is new")
        try:
            name = NAME.parse(request.name or store.name)
        except ValueError as error:
            raise Refused(400, "bad-name", f"{request.name!r} is not the name of a node: it {error}") from None
        try:
            code = key_of(request.code)
        except ValueError as error:
            raise Refused(400, "bad-code", str(error)) from None
        place, nonce = (request.address, request.port), secrets.token_bytes(NONCE)
        try:
            met = await enrol(place, code, self.parts.keys, name=name, uuid=store.uuid, nonce=nonce)
        except CallFailed as failed:
            raise Refused(502, "not-enrolled", str(failed)) from None
        await in_thread(store.remember, met.name, met.pin)
        self.parts.say(LogType.USER, f"{met.name} at {request.address} is known by enrolment: ordered by {caller.name}")
        return met
