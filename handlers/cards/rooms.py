"""What stands in the room of a team, and the answers to who links one."""

from collections.abc import Sequence

from handlers.cards import lists
from handlers.cards.accounts import NAMES
from handlers.cards.model import Card, Element, Note, Quote, Text
from handlers.cards.text import Typed, Voice, Who
from storage.case import Case
from storage.directory import Room, Team
from storage.vocabulary import ENDED, Field, Platform, TeamId


def _plain(title: str, *sentences: str) -> Card:
    return Card(title, tuple(Text(each) for each in sentences), summary=" ".join([title, *sentences]))


def hello(voice: Voice, room: Room) -> Card:
    """The first post: that it arrives says that it can."""
    said = voice(
        "{who} has asked me to post here what is for the {team}. Whoever is in this room can read it.",
        who=Who(room.linked_by),
        team=team_name(voice, room.team_id),
    )
    stop = voice("To end it: {command}", command=Typed("/clearway here off"))
    return Card(voice("News for the team comes here"), (Text(said), Note(stop)), summary=said)


def addressed(voice: Voice, case: Case) -> Card:
    """A challenge of the team's agenda was closed as addressed. Who raised it stands nowhere."""
    title = voice("Challenge {n} was addressed", n=case.number)
    said = voice("{who} led it, and those who raised it have confirmed it.", who=Who(case.challenge.owner_id))
    body: list[Element] = [Quote(lists.short(case.title or voice("(taken out)"), 200)), Text(said)]
    if done := case.said(Field.RESOLUTION):
        body += [Text(voice("What was done:")), Quote(lists.short(done, 400))]
    more = voice("More of it: {command}", command=Typed(f"/challenges {case.number}"))
    return Card(title, (*body, Note(more)), summary=f"{title}. {said}")


def not_any_more(voice: Voice, case: Case) -> Card:
    """It was closed as addressed, and is something else now."""
    if case.challenge.status in ENDED:
        status = voice.label(case.challenge.outcome or case.challenge.status).lower()
        said = voice("It was closed as addressed, and that is not so any more. Now it is: {status}.", status=status)
        return _plain(voice("Challenge {n}", n=case.number), said)
    said = voice("It was closed as addressed, and has been opened again since.")
    return _plain(voice("Challenge {n} is open again", n=case.number), said)


def taken_out(voice: Voice) -> Card:
    return _plain(voice("Taken out"), voice("What stood here is not for everybody any more."))


def linked(voice: Voice, team: Team) -> Card:
    said = voice("What is for the {team} is posted here from now on. My first post says so.", team=team.name)
    whoever = voice("Whoever is in this room, now or later, can read it: also guests, where you have any.")
    return _plain(voice("Thank you"), said, whoever)


def off(voice: Voice, ended: Sequence[TeamId], still: Sequence[TeamId]) -> Card:
    """`still`: teams whose news stays, because somebody else speaks for them."""
    said = [voice("What is for the {team} is not posted here any more.", team=team_name(voice, each)) for each in ended]
    said += [
        voice("What is for the {team} is posted here still: who leads it, or the coordinator, can end that.",
              team=team_name(voice, each))
        for each in still
    ]  # fmt: skip
    if not said:
        return _plain(voice("Nothing to end"), voice("Nothing of a team is posted here."))
    return _plain(voice("Ended") if ended else voice("Nothing to end"), *said)


def which(voice: Voice, asked: str, teams: Sequence[Team]) -> Card:
    """None was named, or none that this person may name, or more than one."""
    first = voice("I know no team “{asked}” of yours.", asked=lists.short(asked, 60)) if asked else ""
    said = voice("Please name the team: {command}", command=Typed(f"/clearway here {teams[0].id}"))
    named = tuple(Text(voice("{id}: {name}", id=each.id, name=each.name)) for each in teams)
    opening = (Text(first),) if first else ()
    return Card(voice("Which team?"), (*opening, Text(said), *named), summary=said)


def lost(voice: Voice, team_id: TeamId, platform: Platform) -> Card:
    said = voice(
        "The room of the {team} in {platform} takes nothing from me any more: I was taken out of it, or it is gone.",
        team=team_name(voice, team_id),
        platform=NAMES[platform],
    )
    cure = voice(
        "Until somebody adds me again and types {command} there, it comes to whoever had asked for it.",
        command=Typed(f"/clearway here {team_id}"),
    )
    return _plain(voice("A team's room was lost"), said, cure)


def team_name(voice: Voice, team_id: TeamId) -> str:
    team = voice.directory.teams.get(team_id)
    return team.name if team else team_id
