"""Room rule: who may sign in here. A PIN is asked for twice and goes to the desk only."""

from agent import words
from agent.console.talk import ANSWER_WITHIN_S, COMMAND_WITHIN_S, Talk, new_pin
from agent.core.model import Rank

NAME_WIDTH = 26


def show(talk: Talk) -> None:
    told = talk.desk.call("accounts", {}, ANSWER_WITHIN_S)["accounts"]
    talk.lines(
        f"  {one['name']}{' ' * (NAME_WIDTH - words.width(one['name']))}"
        f"{talk.word('rank.' + one['rank'])}"
        for one in told
    )


def add(talk: Talk, name: str, rank: str, language: str) -> None:
    pin = new_pin(talk.secret, talk.say)
    fields = {"account": name, "rank": rank, "language": language, "pin": pin}
    if not talk.refused(talk.desk.call("open_account", fields, COMMAND_WITHIN_S)["refusal"]):
        talk.say("console.account_opened", account=name, rank=talk.word(f"rank.{rank}"))


def pin(talk: Talk, name: str | None) -> None:
    """One's own by the old one; a supervisor gives anybody a new one."""
    fields = {"account": name or talk.account.name}
    if fields["account"] == talk.account.name:
        fields["old_pin"] = talk.secret("console.old_pin") or " "
    elif talk.account.rank is not Rank.SUPERVISOR:
        needed = talk.word(f"rank.{Rank.SUPERVISOR}")
        talk.say("console.takes_rank", command="account pin", rank=needed)
        return
    fields["pin"] = new_pin(talk.secret, talk.say)
    if not talk.refused(talk.desk.call("change_pin", fields, COMMAND_WITHIN_S)["refusal"]):
        talk.say("console.pin_changed", account=fields["account"])


def rank(talk: Talk, name: str, new: str) -> None:
    talk.order("RankOrder", name=name, rank=new)


def remove(talk: Talk, name: str) -> None:
    talk.confirm("console.confirm_removal", account=name)
    talk.order("RemoveAccountOrder", name=name)
