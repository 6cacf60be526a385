"""Room rule: one technician's time at a terminal: sign in, command after command, sign out.

The session ends with the line; nothing else ends it. A desk that is gone is said, and the session
goes on. A fault of ours says one sentence on the line and ends the process, which is started again.
"""

from typing import Any, Final

from agent import words
from agent.console.carrying import carry_out, offered
from agent.console.commands import GRAMMAR
from agent.console.grammar import Understood
from agent.console.talk import (
    ANSWER_WITHIN_S,
    COMMAND_WITHIN_S,
    Bench,
    Cancelled,
    Desk,
    DeskAway,
    DeskDeclined,
    Left,
    SignedOut,
    SignOut,
    Talk,
    answered,
    new_pin,
    short_name,
)
from agent.console.terminal import EndOfInput, Terminal
from agent.core.model import Account, Language, Rank, Refusal, Refused
from agent.settings import Settings

NAME_MAX: Final = 64
# How long somebody has for a PIN.
GREETING_MS: Final = 60_000
# How often control that did not answer is asked again.
AGAIN_MS: Final = 1_000
# A line at which nobody sits is greeted again so often.
WAITING_MS: Final = 3_600_000


class Session:
    def __init__(self, terminal: Terminal, desk: Desk, bench: Bench, settings: Settings) -> None:
        self._terminal = terminal
        self._desk = desk
        self._bench = bench
        self._settings = settings

    def run(self) -> None:
        """From the first Enter until the line hangs up."""
        whole = False
        try:
            while self._terminal.hung_up is None:
                self._visit()
            whole = True
        finally:
            if not whole:
                self._say("console.fault")

    def _visit(self) -> None:
        """One person, from the greeting to the sign-out."""
        self._terminal.language = self._settings.station.language
        self._terminal.forget()
        talk = None
        try:
            talk = self._greet()
            self._attend(talk)
        except (Left, SignedOut):
            if talk is not None:
                self._say("console.signed_out")
        except SignOut:
            self._say("console.bye")
        except Cancelled:
            pass
        except DeskAway as away:
            self._say("desk.gone", why=away.args[0])
            self._wait()
        except DeskDeclined as declined:
            self._say("desk.refused", why=declined.args[0])
            self._wait()
        finally:
            self._sign_out()

    def _wait(self) -> None:
        """Until control answers again, or somebody touches a key. Says nothing meanwhile."""
        while self._terminal.poll_key(AGAIN_MS) is None:
            try:
                self._desk.call("hello", {}, ANSWER_WITHIN_S)
            except (DeskAway, DeskDeclined):
                continue
            return

    def _sign_out(self) -> None:
        try:
            self._desk.call("sign_out", {}, ANSWER_WITHIN_S)
        except (DeskAway, DeskDeclined, SignedOut):
            return  # then nobody is signed in

    def _say(self, key: str, **values: object) -> None:
        self._terminal.say(words.say(key, self._terminal.language, **values))

    # --- before anybody has signed in ------------------------------------------------------------

    def _greet(self) -> Talk:
        """Wait for somebody, find out what his terminal is, and who he is."""
        while True:
            self._terminal.probe()
            hello = self._hello()
            if hello["unsupervised"]:
                return self._found()
            name = answered(
                self._terminal.ask(self._prompt("console.account"), idle_ms=WAITING_MS)
            ).strip()
            if language := _language(name):
                self._terminal.language = language
            elif name:
                break
        self._look_again()
        return self._sign_in(name[:NAME_MAX])

    def _look_again(self) -> None:
        """The terminal may have been plugged in since it was asked."""
        if not self._terminal.ansi:
            self._terminal.probe()

    def _hello(self) -> dict[str, Any]:
        hello: dict[str, Any] = self._asked_hello()
        name = hello["name"] or self._settings.station.name
        self._say("console.greeting", station=hello["station"], name=name, version=hello["version"])
        return hello

    def _asked_hello(self) -> Any:
        try:
            return self._desk.call("hello", {}, ANSWER_WITHIN_S)
        except DeskAway:
            # Control was restarted while nobody sat here: a new connection may be had.
            return self._desk.call("hello", {}, ANSWER_WITHIN_S)

    def _prompt(self, key: str) -> str:
        return f"{words.say(key, self._terminal.language)} "

    def _secret(self, key: str) -> str:
        return answered(self._terminal.ask(self._prompt(key), secret=True, idle_ms=GREETING_MS))

    def _sign_in(self, name: str) -> Talk:
        told = self._desk.call(
            "sign_in",
            {"account": name, "pin": self._secret("console.pin") or " "},
            COMMAND_WITHIN_S,
        )
        if told["refusal"] is not None:
            self._refuse(told["refusal"])
            raise Cancelled
        return self._seated(told)

    def _refuse(self, refusal: dict[str, str]) -> None:
        why = Refusal(Refused(refusal["reason"]), refusal["given"], refusal["expected"])
        text = words.refusal(why, self._terminal.language)
        self._say("verdict.refused", why=text)
        if why.reason is Refused.SIGN_IN_WRONG and int(why.given or 0) > 0:
            self._say("console.wait", seconds=why.given)

    def _found(self) -> Talk:
        """The first start: there is nobody, and whoever holds the cable becomes the supervisor."""
        self._say("console.first_start")
        name = answered(self._terminal.ask(self._prompt("console.first_account"))).strip()
        if language := _language(name):
            self._terminal.language = language
            raise Cancelled
        if not name:
            raise Cancelled
        self._look_again()
        pin = new_pin(self._secret, self._say)
        fields = {"account": name[:NAME_MAX], "pin": pin, "language": self._terminal.language}
        told = self._desk.call("first_supervisor", fields, COMMAND_WITHIN_S)
        if told["refusal"] is not None:
            self._refuse(told["refusal"])
            raise Cancelled
        self._say("console.founded", account=name)
        return self._seated(told)

    def _seated(self, told: dict[str, Any]) -> Talk:
        rank, language = Rank(told["rank"]), Language(told["language"])
        self._terminal.language = language
        account = Account(told["account"], rank, language, "")
        talk = Talk(
            self._terminal,
            self._desk,
            self._bench,
            self._settings,
            account,
            told["limited"],
            told.get("may_stop", False),
        )
        self._say("console.signed_in", account=account.name, rank=talk.word(f"rank.{rank}"))
        if talk.limited:
            self._say("console.limited_to_stop" if talk.may_stop else "console.limited")
        return talk

    # --- commands --------------------------------------------------------------------------------

    def _attend(self, talk: Talk) -> None:
        """Line after line. Ctrl-D on an empty one is `exit`."""
        mark = "#" if talk.account.rank is Rank.SUPERVISOR else ">"
        prompt = f"{short_name(self._settings.station.id)}{mark} "
        carry_out(talk, GRAMMAR.read("status"))
        while True:
            line = self._terminal.ask(
                prompt,
                complete=GRAMMAR.candidates,
                help=lambda text, cursor: offered(talk, text, cursor),
                remember=True,
            )
            try:
                meaning = GRAMMAR.read(answered(line))
            except Cancelled:
                if isinstance(line, EndOfInput):
                    raise SignOut from None
                continue
            self._touched(talk)
            carry_out(talk, meaning)

    def _touched(self, talk: Talk) -> None:
        """Somebody is there; a desk that is away says so with the command."""
        try:
            talk.desk.call("touch", {}, ANSWER_WITHIN_S)
        except (DeskAway, DeskDeclined):
            return


def _language(answer: str) -> str | None:
    """`language en`, before an account is known whose language it could be."""
    meaning = GRAMMAR.read(answer)
    if isinstance(meaning, Understood) and meaning.command.words == ("language",):
        return meaning.values.get("language")
    return None
