"""The secret addresses of calendars."""

from collections.abc import Collection, Sequence

from handlers.cards.model import Button, Buttons, Card, Element, Link, Note, Press, Text
from handlers.cards.text import Voice
from storage.vocabulary import TeamId


def addresses(voice: Voice, of: Sequence[tuple[TeamId, str]], known: Collection[TeamId]) -> Card:
    said = voice("Your meetings can stand in your own calendar: it asks an address of ours for them, again and again.")
    body: list[Element] = [Text(said)]
    for team_id, team in of:
        named = team or voice("All of your meetings")
        has = team_id in known
        make = voice("Make a new address: {name}", name=named) if has else voice("Make an address: {name}", name=named)
        buttons = [Button(make, Press("calendar.make", item=team_id))]
        if has:
            buttons.append(Button(voice("End it: {name}", name=named), Press("calendar.end", item=team_id)))
        elif not team_id:  # an invitation may have been handed on
            buttons.append(Button(voice("End the addresses on my invitations"), Press("calendar.end")))
        body.append(Buttons(tuple(buttons)))
    note = voice("An address is secret: whoever has it can read when you meet, and nothing of what it is about.")
    return Card(voice("Your calendar"), (*body, Note(note)), summary=said)


def made(voice: Voice, address: str) -> Card:
    said = voice("This is the address. It is shown this once. If there was one before, that one has ended.")
    how = voice("In your calendar choose “add by address” or “subscribe”, and paste it.")
    return Card(
        voice("Your calendar"),
        (Text(said), Link(voice("The address"), address), Note(address), Note(how)),
        summary=said,
    )


def ended(voice: Voice) -> Card:
    said = voice("That address is of no use any more. Later invitations come with new ones.")
    return Card(voice("Your calendar"), (Text(said),), summary=said)


def calendar_name(voice: Voice, team_id: TeamId) -> str:
    team = voice.directory.teams.get(team_id)
    return voice("Clearway: {team}", team=team.name) if team else voice("Clearway: my meetings")
