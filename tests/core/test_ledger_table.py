"""Room rule: what may move the ledger, as a table. One row proves one rule of DESIGN section 6.

A meter was fitted at 500 000 L while the pump ran; the most that can flow is 100 m3/h, which with
the margin of 120 % is 33 L a second. Then `pause` passes in which the pump could have run, and the
totals are read in scans one second apart. `outcome` is what the last scan leaves behind: whether
its total counts, and what was recorded on the way.

    200s         nobody looked for so long          still 9min    scans, the pump standing, no total
    off 7d       power was gone, a new boot         off? 7d     the same, and no clock to tell
    -            no total: NaN, invalid, timeout    1200*3      the same total in three scans
"""

from dataclasses import replace

import pytest

from agent.core.model import Confirmed, Fault, Quality, Quantity, RolledOver
from agent.core.scan import Outcome
from tests.core.story import DAY, HOUR, MINUTE, SECOND, SITE, Story
from tests.core.table import rows

TABLE = """
name                                    last       pause      totals                     outcome                   withdrawn

the same                                500000     1s         500000                     accepted                  0
forward                                 500000     1s         500027                     accepted                  27
forward as fast as can be               500000     1s         500068                     accepted                  68
forward faster than can be              500000     1s         500069                     suspect                   0
too fast, a second later no more        500000     1s         500069*2                   accepted confirmed        69
too fast, then what it was              500000     1s         500900 500027              accepted                  27
forward in a long pause                 500000     30min      560000                     accepted                  60000
forward in a long pause, too far        500000     30min      560200                     suspect                   0
a pause in which the pump stood         500000     still 9min   500035                     accepted                  35
a pause in which it stood, and moved    500000     still 9min   500036                     suspect                   0

a jump, once                            500000     1s         565536                     suspect                   0
a jump, once, and back                  500000     1s         565536 500050              accepted                  50
a jump, twice, and back                 500000     1s         565536*2 500075            accepted                  75
a jump that stays                       500000     1s         565536*3                   jumped                    0
a jump that stays and runs on           500000     1s         565536 565563 565590       jumped                    0
a jump that stays for half an hour      500000     1s         565536*1800                jumped                    0
a jump that returns to the old series   500000     1s         565536*3 500100            accepted                  100
a jump that returns half way            500000     1s         565536*3 530000            jumped                    0
a jump, then a small step back          500000     1s         565536*3 499900            accepted                  0
a jump, then zero                       500000     1s         565536*3 0                 jumped                    0
two wild totals in turn                 500000     1s         565536 700000 565536       suspect                   0

a small step back                       500000     1s         499000                     accepted                  0
a small step back, and on               500000     1s         499000 500010              accepted                  10
one litre too far back                  500000     1s         498999                     suspect                   0
one litre too far back, for three       500000     1s         498999*3                   reversed                  0
zero, once                              500000     1s         0                          suspect                   0
zero, once, and back                    500000     1s         0 500050                   accepted                  50
zero, twice, and back                   500000     1s         0*2 500075                 accepted                  75
zero, three times                       500000     1s         0*3                        reversed                  0
zero, three times, and back             500000     1s         0*3 500100                 reversed                  0
a torn word, once, and back             500000     1s         434464 500050              accepted                  50
a torn word each second scan            500000     1s         434464 500050 434464       suspect                   50
two torn words in turn                  500000     1s         434464 300000 434464       suspect                   0

past the modulus                        999999990  1s         10*3                       accepted confirmed rolled 20
past the modulus, not yet believed      999999990  1s         10*2                       suspect                   0
past the modulus, running               999999990  1s         17 44 71                   accepted confirmed rolled 81
past the modulus, exactly               999999990  1s         0*3                        accepted confirmed rolled 10
past the modulus, with a zero once      999999000  1s         0 999999050                accepted                  50
past the modulus, too far               999999990  1s         5000*3                     reversed                  0
past the modulus in a long pause        999999990  30min      50000*3                    accepted confirmed rolled 50010

no total                                500000     1s         -                          bad                       0
no total, for long, then on             500000     1s         -*1800 550000              accepted                  50000
no total amid a suspicion               500000     1s         565536*2 - 565536          jumped                    0

control restarts                        500000     45s        501125                     accepted                  1125
a week without power                    500000     off 7d     500000                     accepted                  0
a week without power, water flowed      500000     off 7d     900000                     accepted                  400000
a week without power, too much          500000     off 7d     99000000*3                 jumped                    0
a week without power, went back         500000     off 7d     0*3                        reversed                  0
no clock, the same                      500000     off? 7d    500002                     accepted                  2
no clock, forward, once                 500000     off? 7d    900000                     suspect                   0
no clock, forward, for three            500000     off? 7d    900000*3                   accepted unbounded        400000
no clock, back                          500000     off? 7d    0*3                        reversed                  0
no clock, past the modulus              999000000  off? 7d    400*3                      accepted unbounded rolled 1000400
"""  # noqa: E501  # a row is a line


def totals_of(cell: str) -> list[int | None]:
    found: list[int | None] = []
    for word in cell.split():
        total, _, times = word.partition("*")
        found += [None if total == "-" else int(total)] * int(times or 1)
    return found


def duration_ms(text: str) -> int:
    unit = {"s": SECOND, "min": MINUTE, "h": HOUR, "d": DAY}[text.lstrip("0123456789")]
    return unit * int(text.rstrip("smindh"))


def fitted_at(last_l: int) -> Story:
    """A pump that runs, and a meter whose last accepted total is `last_l`."""
    story = Story(coast_ms=0, flow_l_per_h=0, total_ml=last_l * 1000)
    # What is read here is the table's; that no water shows while it runs is no dry well.
    story.site = replace(SITE, limits=replace(SITE.limits, dry_run_ms=DAY))
    story.commission(10**9)
    story.after(1).start()
    return story.after(1)


def pause(story: Story, cell: str) -> None:
    match cell.split():
        case ["still", time]:
            story.stop()
            story.after(3)
            story.lay(Fault.TIMEOUT, Quantity.FORWARD_TOTAL_L)
            story.after(duration_ms(time) / 1000)
            story.heal()
        case ["off", time]:
            story.power_off(duration_ms(time))
        case ["off?", time]:
            story.power_off(duration_ms(time), trusted=False)
        case [time]:
            story.now_ms += duration_ms(time)
        case other:
            raise AssertionError(f"{other} is no pause")


def read(story: Story, total_l: int | None) -> Outcome:
    story.faults = {} if total_l is not None else {Quantity.FORWARD_TOTAL_L: Fault.INVALID}
    story.total_ml = (total_l or 0) * 1000
    return story.look()


def said(story: Story) -> str:
    """The last scan's judgement of its total, and what was recorded since the pause."""
    totalizer, (total, *_) = story.state.totalizer, story.outcomes[-1].readings
    assert totalizer is not None
    if totalizer.jumped or totalizer.reversed:
        return "jumped" if totalizer.jumped else "reversed"
    if total.quality is not Quality.GOOD:
        return total.quality.value
    words = ["accepted"]
    words += ["confirmed" if one.bounded else "unbounded" for one in story.of(Confirmed)]
    words += ["rolled" for _ in story.of(RolledOver)]
    return " ".join(words)


@pytest.mark.parametrize(
    ("last", "paused", "totals", "outcome", "withdrawn"),
    [pytest.param(*cells[1:], id=cells[0]) for cells in rows(TABLE)],
)
def test_a_total_moves_the_ledger_only_by_the_table(
    last: str, paused: str, totals: str, outcome: str, withdrawn: str
) -> None:
    story = fitted_at(int(last))
    story.records.clear()
    pause(story, paused)
    for place, total_l in enumerate(totals_of(totals)):
        story.now_ms += SECOND if place else 0
        read(story, total_l)
    assert (said(story), story.withdrawn_l) == (outcome, int(withdrawn))
