"""The people whom one can be, and the channels they can write in."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from bot.console.rooms import direct
from handlers.cards.text import Voice
from storage.directory import Directory, Person
from storage.vocabulary import PersonId, SchoolId

DISTRICT_CHANNEL: Final = "#dit"
COLOURS: Final = 6  # of the initials; see console.css


@dataclass(frozen=True, slots=True)
class Profile:
    """Somebody, as the pages show them."""

    id: PersonId
    name: str
    role: str
    place: str
    """Their school or schools, the district office, or outside."""
    away: str = ""
    """That they are on leave, or have left."""

    @property
    def initials(self) -> str:
        names = [word for word in self.name.split() if not word.endswith(".")] or [self.name]
        return (names[0][:1] + (names[-1][:1] if len(names) > 1 else "")).upper()

    @property
    def colour(self) -> int:
        return sum(map(ord, self.id)) % COLOURS

    def matches(self, words: str) -> bool:
        """Whether each of the words is found in the name, the role or the place."""
        about = f"{self.name} {self.role} {self.place}".casefold()
        return all(word in about for word in words.casefold().split())


@dataclass(frozen=True, slots=True)
class Channel:
    room: str
    slug: str
    """Its name in addresses."""
    label: str
    school_id: SchoolId | None = None


def profile(person: Person, directory: Directory, today: date, say: Voice) -> Profile:
    schools = [directory.schools[each].name for each in person.school_ids if each in directory.schools]
    if person.external:
        place = say("Outside the district")
    else:
        place = ", ".join(schools) or say("District office")
    return Profile(person.id, person.name, say.role(person.role), place, _away(person, directory, today, say))


def _away(person: Person, directory: Directory, today: date, say: Voice) -> str:
    if person.left_on and not person.here_on(today):
        return say("left on {day}", day=person.left_on)
    if absence := directory.absence(person.id, today):
        return say("away until {day}", day=absence.to_on)
    return ""


def grouped(profiles: Iterable[Profile]) -> Mapping[str, list[Profile]]:
    """By place, in the order of the district's file; people of several schools are with the first of them."""
    groups: dict[str, list[Profile]] = {}
    for each in profiles:
        groups.setdefault(each.place.split(", ")[0], []).append(each)
    return groups


def channels(directory: Directory) -> tuple[Channel, ...]:
    """A channel for the district, and those of its schools."""
    found = [Channel(DISTRICT_CHANNEL, _slug(DISTRICT_CHANNEL), DISTRICT_CHANNEL)]
    for school in directory.schools.values():
        for label in school.channels:
            room = f"#{label.removeprefix('#')}"
            slug = _slug(room)
            while any(slug == each.slug for each in found):
                slug += "-2"
            if all(room != each.room for each in found):
                found.append(Channel(room, slug, label, school.id))
    return tuple(found)


def _slug(room: str) -> str:
    return "-".join("".join(letter if letter.isalnum() else " " for letter in room.casefold()).split())


def is_own(channel: Channel, person: Person) -> bool:
    """A school's channel is that of its people; the district's is everybody's who belongs to no school."""
    return channel.school_id in person.school_ids if channel.school_id else not person.school_ids


def may_enter(room: str, person: Person, directory: Directory) -> bool:
    """Channels are open to everybody here; a direct chat is its person's own."""
    return room == direct(person.id) or any(room == each.room for each in channels(directory))
