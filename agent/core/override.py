"""Room rule: what an override (保电取水) has used of its bounds. Gives none and ends none.

Water that is not metered is reckoned at the pump's own flow until the totalizer tells.
"""

from dataclasses import dataclass, replace

from agent.core.model import Use


@dataclass(frozen=True, slots=True)
class Lifting:
    """An override that runs. `withdrawn_l` is what the account showed when it was last metered.

    `blind`: it began while no total was read, so that the next one shows water of before as well.
    """

    use: Use
    volume_l: int
    lasts_ms: int
    withdrawn_l: int
    passed_ms: int = 0
    metered_l: int = 0
    unmetered_ml: int = 0
    blind: bool = False

    @property
    def left_l(self) -> int:
        return self.volume_l - self.metered_l - self.unmetered_ml // 1000

    @property
    def left_ms(self) -> int:
        return self.lasts_ms - self.passed_ms


def spend(
    lifting: Lifting, *, passed_ms: int, withdrawn_l: int | None, flow_l_per_h: int, seen_ms: int
) -> Lifting | None:
    """The override after one more scan; None when it is over.

    `withdrawn_l` is None while no total is accepted. An account that shrank took an estimate back,
    and tells nothing of what passed in between.
    """
    spent = replace(lifting, passed_ms=lifting.passed_ms + passed_ms)
    if withdrawn_l is None:
        unmetered_ml = lifting.unmetered_ml + flow_l_per_h * seen_ms // 3600
        spent = replace(spent, unmetered_ml=unmetered_ml)
    else:
        moved_l = max(0, withdrawn_l - lifting.withdrawn_l)
        if lifting.blind:
            moved_l = min(moved_l, lifting.unmetered_ml // 1000)
        spent = replace(
            spent,
            metered_l=lifting.metered_l + moved_l,
            withdrawn_l=withdrawn_l,
            unmetered_ml=0,
            blind=False,
        )
    return None if min(spent.left_l, spent.left_ms) <= 0 else spent
