"""A person's accounts: is this you, where do you want to hear from us, and who may not come in."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from typing import Final

from handlers.cards.model import (
    Button,
    Buttons,
    Card,
    Choice,
    Choices,
    Form,
    FormField,
    Note,
    Option,
    Press,
    Text,
    Words,
)
from handlers.cards.text import Voice, stranger
from scheduling.calendar import Calendar
from storage.directory import Directory, Person
from storage.process import Hours
from storage.vocabulary import DistrictId, EventId, Platform

MINE: Final = "account.mine"
NOT_MINE: Final = "account.not_mine"
UNLINK: Final = "account.unlink"
CHOOSE: Final = "district.choose"

FOR_STAFF: Final = "This is for district staff"
NAMES: Final = {
    Platform.SLACK: "Slack",
    Platform.TEAMS: "Microsoft Teams",
    Platform.CONSOLE: "the browser",
    Platform.EMAIL: "e-mail",
}


def today(directory: Directory, now: datetime) -> date:
    return Calendar.of(directory).today(now)


def outsider() -> Card:
    voice = stranger()
    said = voice(
        "I can only take reports from staff of the district, from their own workspace. Please tell somebody you work "
        "with in the district."
    )
    return Card(voice(FOR_STAFF), (Text(said),), summary=said)


def which_district(names: Mapping[DistrictId, str], *, joins: bool = False) -> Card:
    """Before anything else: whose rules, and whose language, are not known yet. `joins`: they are new to all of these."""
    voice = stranger()
    why = voice(
        "Several districts use this workspace. Which one do you work for? Nothing is recorded before you choose."
        if joins
        else "You belong to more than one. Nothing is recorded before you choose."
    )
    buttons = tuple(Button(name, Press(CHOOSE, item=district_id)) for district_id, name in names.items())
    return Card(voice("Which district is this about?"), (Text(why), Buttons(buttons)))


def district_chosen() -> Card:
    voice = stranger()
    said = voice("I will remember it for this conversation. Please send it once more.")
    return Card(voice("Thank you"), (Text(said),), summary=said)


def hello_first() -> Card:
    """Where nothing can be asked of somebody we do not know: a tab, a search."""
    voice = stranger()
    said = voice("Please write “hello” to Clearway in the chat first, so that it knows you.")
    return Card(voice("Clearway does not know you yet"), (Text(said),), summary=said)


def is_it_you(voice: Voice, person: Person, platform: Platform, draft: str) -> Card:
    """To somebody new, whose address belongs to somebody we know from another platform."""
    return Card(
        voice("Are you {name}?", name=person.name),
        (
            Text(
                voice(
                    "Your account in {here} has the same verified address as {name}, whom I know already. If that is "
                    "you, you are one person here from now on, and what is sent to you comes once.",
                    here=NAMES[platform],
                    name=person.name,
                )
            ),
            Buttons(
                (
                    Button(voice("Yes, that is me"), Press(MINE, item=draft), "primary"),
                    Button(voice("No, that is somebody else"), Press(NOT_MINE, item=draft)),
                )
            ),
            Note(
                voice(
                    "What you write is kept sealed until you answer, for 24 hours. Nothing is recorded before. If it lapses, "
                    "{name} hears of it where I know them.",
                    name=person.name,
                )
            ),
        ),
    )


def settled(voice: Voice) -> Card:
    return Card(
        voice("That is settled already"),
        (Text(voice("If what you wrote is not on record yet, please send it once more.")),),
    )


def linked(voice: Voice, platform: Platform, event_id: EventId) -> Card:
    """To the person, where we knew them before: there is one more account, unless they say that it is not theirs."""
    return Card(
        voice("One more account is yours"),
        (
            Text(
                voice(
                    "Somebody with your verified address has written from {where} and said that they are you. Both "
                    "accounts count as one person now.",
                    where=NAMES[platform],
                )
            ),
            Buttons(
                (
                    Button(
                        voice("That was not me"),
                        Press(UNLINK, item=event_id),
                        "danger",
                        confirm=voice("Take that account away from you?"),
                    ),
                )
            ),
        ),
    )


def unlinked(voice: Voice) -> Card:
    return Card(
        voice("It is no longer yours"),
        (Text(voice("That account has no part in what is yours any more. The coordinator hears of it.")),),
    )


USUAL: Final = "usual"
"""The digest comes at the hour of the process."""


def hours(of: Hours) -> dict[str, time]:
    """The hours at which a digest may come, by their codes ("07:30"): each half hour within those of the district."""
    first = of.opens.hour * 60 + of.opens.minute
    last = of.closes.hour * 60 + of.closes.minute
    halves = {first, *range(first - first % 30 + 30, last, 30)}
    found = (time(each // 60, each % 60) for each in sorted(halves))
    return {f"{each:%H:%M}": each for each in found}


def settings(voice: Voice, actor: Person, platforms: Sequence[Platform], of: Hours, *, mails: bool) -> Form:
    """How somebody wants to hear from us."""
    usual = Option(USUAL, voice("At the usual hour ({time})", time=voice.hour(of.digest_at)))
    fields: list[FormField] = [
        Choice(
            "digest_at",
            voice("When shall your daily digest come?"),
            (usual, *(Option(code, voice.hour(at)) for code, at in hours(of).items())),
            f"{actor.digest_at:%H:%M}" if actor.digest_at else USUAL,
            required=True,
        )
    ]
    if len(platforms) > 1:
        fields.append(
            Choice(
                "platform",
                voice("Where shall I write to you?"),
                tuple(Option(each, NAMES[each]) for each in platforms),
                platforms[0],
                required=True,
            )
        )
    if mails:
        by_mail = Option("yes", voice("Yes, to {address}", address=actor.email))
        label = voice("Shall the digest also come by e-mail?")
        fields.append(Choices("mail_copy", label, (by_mail,), ("yes",) if actor.mail_copy else ()))
    if len(platforms) > 1:
        fields.append(Words(voice("If I cannot reach you there, I try the other. You can answer on both.")))
    else:
        said = voice("I write to you in {where}. If you write to me from another platform of the district, you can choose.",
                     where=NAMES[platforms[0]] if platforms else voice("no chat"))  # fmt: skip
        fields.append(Words(said))
    fields.append(Words(voice("No digest comes when there is nothing in it, on a day without school, or twice a day.")))
    return Form(voice("Your settings"), voice("Save"), Press("settings"), tuple(fields))


def saved(voice: Voice, person: Person, platform: Platform, of: Hours) -> Card:
    said = [voice("From now on I write to you in {where}.", where=NAMES[platform])]
    said.append(voice("Your daily digest comes at {time}.", time=voice.hour(person.digest_at or of.digest_at)))
    if person.mail_copy:
        said.append(voice("It also comes by e-mail, to {address}.", address=person.email))
    return Card(voice("Saved"), (Text(" ".join(said)), Buttons((what_next(voice),))))


def what_next(voice: Voice) -> Button:
    """What asks which messages are to come."""
    return Button(voice("What will you send me next?"), Press("next.show"))
