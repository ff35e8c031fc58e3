"""One run of the fault simulation, or many: `python -m tests.simulation.run SEED` repeats one and tells its story."""

import gc
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from random import Random

from nodeagent.contract.states import Action
from nodeagent.core import effects as do
from tests.simulation.coverage import Coverage
from tests.simulation.drawing import drawn_cluster, drawn_module
from tests.simulation.farm import Farm
from tests.simulation.faults import strike
from tests.simulation.invariants import Violated, everything_settles
from tests.simulation.revisions import drawn_revisions, revise
from tests.simulation.watch import Watch
from tests.simulation.weather import Weather

LENGTH = 60.0
HEALED_AT = 42.0
TOLD = 60
"""Lines of the story before a violation."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a seed; `violation` is empty when every invariant held."""

    seed: int
    violation: str
    story: str
    coverage: Coverage


def simulate(seed: int) -> Outcome:
    """60 virtual seconds: start, at least 20 faults, healing, rest."""
    random = Random(seed)
    farm = Farm(random, drawn_cluster(random))
    names = farm.cluster.nodes
    touched = names if random.random() < 0.5 else tuple(random.sample(names, random.randint(0, len(names) - 1)))
    watch = Watch(farm, touched)

    def said(kind: str, text: str) -> None:
        watch.coverage.faults[kind] += 1
        watch.note("*", text)

    end = farm.world.now + HEALED_AT
    weather = Weather(
        farm, random, touched, end, said=said, before_injection=watch.snapshot, stops=watch.stops, left=watch.left
    )
    watch.entered = weather.entered
    begin = farm.world.now
    try:
        _start(farm, random)
        for at in _times(random):
            farm.world.after(at, lambda: strike(weather))
        revisions = Random(f"revisions of {seed}")
        for at in drawn_revisions(revisions, HEALED_AT):
            farm.world.after(at, lambda: revise(weather, revisions))
        farm.world.advance(HEALED_AT, watch.after_step)
        weather.heal()
        watch.note("*", "everything is healed")
        farm.world.advance(begin + LENGTH - farm.world.now, watch.after_step)
        everything_settles(watch)
    except Violated as violated:
        watch.note("*", "VIOLATED")
        return Outcome(seed, str(violated), _story(watch, begin), watch.coverage)
    except (AssertionError, LookupError, TypeError, ValueError, AttributeError) as error:
        import traceback

        return Outcome(seed, f"{error!r}\n{traceback.format_exc()}", _story(watch, begin), watch.coverage)
    return Outcome(seed, "", "", watch.coverage)


def _start(farm: Farm, random: Random) -> None:
    for machine in farm.machines.values():
        farm.world.after(random.uniform(0.0, 1.0), machine.start_agent)
    for number in range(2 if random.random() < 0.15 else 1):
        config = drawn_module(random, ("web", "sql")[number], farm.cluster)
        farm.add_module(config)
        for node in config.nodes:
            machine = farm.machines[node]
            farm.world.after(random.uniform(1.1, 1.5), lambda m=machine, n=config.name: m.order(n, Action.START))


def _times(random: Random) -> list[float]:
    """When faults strike: in bursts, with quiet between them."""
    gaps = [random.uniform(0.0, 0.5) if random.random() < 0.7 else random.uniform(2.0, 6.0) for _ in range(32)]
    total = sum(gaps)
    at, times = 0.0, []
    for gap in gaps:
        at += gap
        times.append(3.0 + (HEALED_AT - 3.1) * at / total)
    return times


def _story(watch: Watch, begin: float) -> str:
    return "\n".join(f"{at - begin:8.3f}  {who:3} {_words(what)}" for at, who, what in list(watch.story)[-TOLD:])


def _words(what: object) -> str:
    match what:
        case do.RecordLine():
            return f"[{what.type}] {f'{what.module}: ' if what.module else ''}{what.text[:160]}"
        case do.RunScript():
            return f"{what.module} runs {what.script} {' '.join(what.args)}"
        case do.SetHealth():
            return f"{what.module} ready.txt {200 if what.ready else 404}"
        case do.KillScript():
            return f"{what.module} kills the tree of {what.run}"
        case _:
            return str(what)


def simulate_all(seeds: Sequence[int], processes: int) -> Iterator[Outcome]:
    """The outcomes of many seeds as they come, spread over processes."""
    context = get_context("spawn")
    # A run leaves few cycles behind: looking for them less often saves a tenth of the time.
    with ProcessPoolExecutor(processes, context, initializer=gc.set_threshold, initargs=(50_000,)) as pool:
        try:
            for done in as_completed([pool.submit(simulate, seed) for seed in seeds]):
                yield done.result()
        finally:
            pool.shutdown(cancel_futures=True)


def told(outcome: Outcome) -> str:
    """A failed run as a person reads it, with the way to repeat it."""
    repeat = f"python -m tests.simulation.run {outcome.seed}"
    return f"{outcome.story}\n{'VIOLATED':>8}  {outcome.violation}\nseed {outcome.seed}; repeat with: {repeat}"


def main(arguments: Sequence[str]) -> int:
    """Run these seeds one after the other (`--stop`: until one fails); 1 when one failed."""
    failed = 0
    seeds = [int(seed) for seed in arguments if seed != "--stop"]
    for seed in seeds:
        if failed and "--stop" in arguments:
            break
        outcome = simulate(seed)
        print(told(outcome) if outcome.violation else f"seed {seed}: every invariant held")
        failed |= bool(outcome.violation)
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
