"""Room rule: tries mutants of the pure core against its tests, and counts who was killed.

    python -m tests.mutation.run [--sample N] [--seed S] [--only ledger model/ state.py:59] [--list]

The tests are collected and run once, to learn which of them executes which line. Then each mutant
lives in a process forked from there and meets only the tests of its lines, the quick ones first,
until one fails. A mutant that hangs is killed by its time. docs/mutation.md explains those that
survive.
"""

import argparse
import importlib
import itertools
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path

import coverage
import pytest

from tests.mutation.known import CORE, ROOT, Known, keep, recalled
from tests.mutation.mutants import Mutant, apply, mutants

TESTS = "tests/core"
WITHOUT = {"__init__"}  # names, without behaviour of their own
# A survivor has met tests for so many seconds of CPU, or all that run its lines.
TESTS_MAX_S = 15.0
HANGS_S = 60

# Where a module's own claims stand: these tests are met before others. It is an order, no choice.
OWN = {
    "accounting": "test_evidence_table test_ledger_table",
    "allocations": "test_allocation_stories test_ledger_orders test_commands",
    "attendance": "test_people_stories",
    "authority": "test_authority_stories",
    "backflow": "test_reverse_flow_stories",
    "calendar": "test_calendar_stories test_time_stories test_unseen_year_stories",
    "commands": "test_commands test_time_stories",
    "crosscheck": (
        "test_crosscheck_stories test_dry_run_stories test_running_while_cut_stories "
        "test_jog_stories test_shared_meter_stories test_outage_stories"
    ),
    "dating": "test_calendar_stories test_unseen_year_stories test_interrupted_year_stories",
    "entered": "test_entered_once",
    "facts": (
        "test_meter_stories test_protection_stories test_warning_stories test_signal_stories "
        "test_running_on_unmetered test_relay_without_answer test_outage_stories"
    ),
    "fittings": "test_fitting_stories test_ledger_orders test_commands",
    "health": "test_health_record",
    "interlock": (
        "test_interlock_stories test_meter_stories test_protection_stories test_probe_stories"
    ),
    "interruptions": (
        "test_interruption_stories test_conversion_stories test_unmetered_stories "
        "test_signal_stories test_interrupted_year_stories"
    ),
    "ledger": "test_ledger test_round_stories test_calendar_stories",
    "orders": "test_commands test_ledger_orders",
    "override": "test_override_stories",
    "people": "test_people_stories",
    "permission": (
        "test_interlock_stories test_relay_stories test_override_stories test_signal_stories"
    ),
    "posting": "test_ledger test_allocation_stories test_fitting_stories test_calendar_stories",
    "present": "test_ledger_orders test_commands",
    "protection": "test_protection_stories test_outage_stories test_shared_meter_stories",
    "pump": (
        "test_session_stories test_run_stories test_interlock_stories test_one_phase_stories "
        "test_clock_set_back_stories"
    ),
    "ratings": "test_rating_stories",
    "rebuild": "test_rebuild test_rebuilt_latches test_killed_anywhere",
    "rights": "test_rights",
    "rules": (
        "test_meter_stories test_dry_run_stories test_protection_stories test_probe_stories "
        "test_signal_stories"
    ),
    "scan": "test_relay_stories test_session_stories test_calendar_stories test_one_phase_stories",
    "seasons": "test_time_stories test_lay_up_stories test_ledger_orders test_clock_set_ahead",
    "site": "test_meter_stories test_crosscheck_stories test_protection_stories",
    "state": "test_unmetered_stories test_relay_stories",
    "supply": "test_supply_stories test_one_phase_stories test_outage_stories",
    "totalizer": "test_ledger_table test_evidence_table",
    "years": "test_calendar_stories test_unseen_year_stories test_interrupted_year_stories",
}
# These stand on bounds of every room, and are quick.
EVERYWHERE = ("test_bounds", "test_defaults", "test_fold_table")
OWN_WEIGHT = 0.2
# So many of the tests that killed others of a module are the likeliest to kill again.
KILLERS_MAX = 12
KILLER_WEIGHT = 0.02


class Trials:
    """A pytest plugin: after its collection, this is the loop that runs."""

    def __init__(self, chosen: list[Mutant], tests_max_s: float) -> None:
        self.chosen, self.tests_max_s = chosen, tests_max_s
        self.survivors: list[Mutant] = []
        self.items: dict[str, pytest.Item] = {}
        self.known = Known({}, {})
        self.killers: dict[Path, Counter[str]] = defaultdict(Counter)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self) -> None:
        """No luck: a mutant that is killed today is killed tomorrow, at the same example."""
        from hypothesis import Phase, settings  # pytest wants to see it imported first

        phases = [Phase.explicit, Phase.generate]
        settings.register_profile("mutants", deadline=None, derandomize=True, phases=phases)
        settings.load_profile("mutants")

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        self.items = {one.nodeid: one for one in session.items}
        self._learn(session)
        if session.testsfailed:
            say("a test fails without any mutant: nothing can be told")
            return True
        began_s = time.perf_counter()
        for tried, mutant in enumerate(self.chosen, 1):
            tests = self._tests(mutant)
            killer = self._killer(session, mutant, tests)
            if killer:
                self.killers[mutant.path][killer] += 1
            else:
                self.survivors.append(mutant)
                say(f"survived {_where(mutant)} {mutant.what} ({len(tests)} tests)")
            if tried % 50 == 0:
                took_s = time.perf_counter() - began_s
                say(f"{tried - len(self.survivors)} of {tried} killed in {took_s:.0f} s")
        return True

    def _learn(self, session: pytest.Session) -> None:
        """Run every test once that is not known yet; which lines does it execute, and how long.

        What a file's tests taught is kept at once: a run that is broken off goes on from there.
        """
        self.known = recalled() or Known({}, {})
        new = [one for one in session.items if one.nodeid not in self.known.took_s]
        for path, group in itertools.groupby(new, key=lambda one: one.path):
            items = list(group)
            self._watch(items)
            if session.testsfailed:
                return
            keep(self.known)
            took_s = sum(self.known.took_s[one.nodeid] for one in items)
            say(f"{len(items)} tests of {path.stem} took {took_s:.0f} s, measured line by line")

    def _watch(self, items: list[pytest.Item]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            measured = coverage.Coverage(
                data_file=f"{folder}/lines", include=[f"{CORE}/*"], config_file=False
            )
            # A file of tests may be about the source of the core, and run none of it.
            measured.set_option("run:disable_warnings", ["no-data-collected"])
            measured.start()
            for item, then in itertools.pairwise([*items, None]):
                assert item is not None, "only the last has none after it"
                measured.switch_context(item.nodeid)
                begun_s = time.process_time()
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=then)
                self.known.took_s[item.nodeid] = time.process_time() - begun_s
            measured.stop()
            found = measured.get_data()
            for path in found.measured_files():
                for line, tests in found.contexts_by_lineno(path).items():
                    where = f"{Path(path).relative_to(CORE)}:{line}"
                    named = [one for one in tests if one in self.known.took_s]
                    self.known.lines.setdefault(where, []).extend(named)

    def _tests(self, mutant: Mutant) -> list[str]:
        """The tests that run its lines, in the order in which they are met.

        First come the quick ones, those of its own room and those that killed its neighbours.
        What a module runs when it is imported belongs to no test, and to all of them.
        """
        where, took_s = mutant.path.relative_to(CORE), self.known.took_s
        found: set[str] = set()
        for line in range(mutant.line, mutant.last + 1):
            found.update(self.known.lines.get(f"{where}:{line}", ()))
        found = (found or set(took_s)) & self.items.keys()
        killers = {one for one, _ in self.killers[mutant.path].most_common(KILLERS_MAX)}
        own_rooms = (*EVERYWHERE, *OWN.get(mutant.path.stem, "").split())
        turns: Counter[str] = Counter()
        order = []
        for one in sorted(found, key=self._seconds):
            function = one.partition("[")[0]
            # The next case of a function that was met tells less than another function does.
            own = Path(one.partition("::")[0]).stem.startswith(own_rooms)
            weight = (1 + turns[function]) ** 0.5 * (OWN_WEIGHT if own else 1)
            weight = KILLER_WEIGHT if one in killers else weight
            order.append((self._seconds(one) * weight, one))
            turns[function] += 1
        return self._affordable([one for _, one in sorted(order)])

    def _seconds(self, test: str) -> float:
        return self.known.took_s.get(test, 0.0)

    def _affordable(self, tests: list[str]) -> list[str]:
        chosen: list[str] = []
        spent_s = 0.0
        for one in tests:
            spent_s += self._seconds(one)
            if chosen and spent_s > self.tests_max_s:
                break
            chosen.append(one)
        return chosen

    def _killer(self, session: pytest.Session, mutant: Mutant, tests: list[str]) -> str:
        """The test that fails in a process where the mutant is in force; empty when none does."""
        said, heard = os.pipe()
        child = os.fork()
        if child == 0:
            self._live(session, mutant, tests, heard)
        os.close(heard)
        with os.fdopen(said, "rb") as words:
            told = words.read().decode()
        _, status = os.waitpid(child, 0)
        # A mutant that cannot even begin, or hangs, is dead by whatever test it met first.
        return told if status == 0 else tests[0]

    def _live(self, session: pytest.Session, mutant: Mutant, tests: list[str], heard: int) -> None:
        signal.alarm(HANGS_S + int(2 * self.tests_max_s))
        code = 1
        try:
            with open(os.devnull, "w") as nowhere:  # noqa: PTH123  # for its descriptor
                os.dup2(nowhere.fileno(), 1)
                os.dup2(nowhere.fileno(), 2)
            inner = mutant.path.relative_to(ROOT).with_suffix("")
            apply(mutant, importlib.import_module(".".join(inner.parts)))
            os.write(heard, self._meet(session, tests).encode())
            code = 0
        finally:
            os._exit(code)

    def _meet(self, session: pytest.Session, tests: list[str]) -> str:
        for one in tests:
            item = self.items[one]
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
            if session.testsfailed:
                return one
        return ""


def say(line: str) -> None:
    print(line, file=sys.__stderr__, flush=True)


def choose(options: argparse.Namespace) -> list[Mutant]:
    files = [one for one in sorted(CORE.rglob("*.py")) if one.stem not in WITHOUT]
    there = [one for path in files for one in mutants(path)]
    chosen = [one for one in there if _where(one).startswith(tuple(options.only))]
    if options.sample and options.sample < len(chosen):
        chosen = random.Random(options.seed).sample(chosen, options.sample)
    say(f"{len(there)} mutants of {len(files)} modules; {len(chosen)} are tried")
    return chosen


def _where(mutant: Mutant) -> str:
    return f"{mutant.path.relative_to(CORE)}:{mutant.line}"


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="tests.mutation.run", description=__doc__)
    parser.add_argument("--sample", type=int, default=0, help="so many, by lot; 0: all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", nargs="+", default=[""], help="where these begin what it prints")
    parser.add_argument("--seconds", type=float, default=TESTS_MAX_S, help="of tests a mutant")
    parser.add_argument("--least", type=float, default=95.0, help="percent that must be killed")
    parser.add_argument("--list", action="store_true", help="say what there is and try nothing")
    options = parser.parse_args(arguments)
    chosen = choose(options)
    if options.list or not chosen:
        return 0
    trials = Trials(chosen, options.seconds)
    quiet = ["-q", "-q", "--tb=short", "--no-header", "-p", "no:cacheprovider"]
    if pytest.main([*quiet, TESTS], plugins=[trials]) or not trials.known.took_s:
        return 2
    return report(chosen, trials.survivors, options.least)


def report(chosen: list[Mutant], survivors: list[Mutant], least: float) -> int:
    """Killed and tried of each module, and whether it is enough."""
    tried = Counter(one.path.relative_to(CORE) for one in chosen)
    lived = Counter(one.path.relative_to(CORE) for one in survivors)
    for path in sorted(tried):
        print(f"{path!s:28} {tried[path] - lived[path]:5} of {tried[path]:5}")
    share = 100 * (len(chosen) - len(survivors)) / len(chosen)
    print(f"{'killed':28} {len(chosen) - len(survivors):5} of {len(chosen):5}: {share:.1f} %")
    return 0 if share >= least else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
