"""Checks a district file as a whole, and names everything at once.

A file with a mistake is not taken. A finding is a gap that the process lives with: the ladder climbs over a vacancy,
a meeting moves off a closed day, and what has no rule goes to the coordinator.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from handlers.district import check_facts, check_ids, check_process, parsing, reader
from handlers.district.model import DistrictFile
from handlers.district.notes import DistrictFileError, Finding, Mistake, Note
from handlers.district.versions import today

CHECKS: Final[tuple[Callable[[DistrictFile], Iterable[Note]], ...]] = (
    check_ids.given_once,
    check_ids.all_there,
    check_ids.roles,
    check_ids.codes,
    check_facts.zones_and_languages,
    check_facts.dates_in_order,
    check_facts.accounts,
    check_facts.posts,
    check_facts.persons,
    check_facts.teams,
    check_facts.routines,
    check_process.versions,
    check_process.named_words,
    check_process.listed_once,
    check_process.words_given,
    check_process.ladder,
    check_process.matrix,
    check_process.filled_up,
)


@dataclass(frozen=True, slots=True)
class Checked:
    """A file, what is wrong with it, and what is worth knowing; both in the order of its lines."""

    file: DistrictFile
    mistakes: tuple[Mistake, ...]
    findings: tuple[Finding, ...]

    def sound(self) -> DistrictFile:
        """The file, if it can be taken; raises DistrictFileError."""
        if self.mistakes:
            raise DistrictFileError(self.mistakes)
        return self.file


def check(text: str, now: datetime | None = None) -> Checked:
    """Reads the file and checks all of it; with `now` also what a date of it means on that day."""
    document, unreadable = reader.read(text)
    file, misunderstood = parsing.parse(document)
    if unreadable and not document.data:  # nothing was read, and what follows from that is not worth saying
        return Checked(file, tuple(unreadable), ())
    notes = [note for part in CHECKS for note in part(file)]
    notes += check_process.on_the_day(file, today(file, now)) if now else ()
    mistakes = {*unreadable, *misunderstood, *(each for each in notes if isinstance(each, Mistake))}
    findings = {each for each in notes if isinstance(each, Finding)}
    return Checked(file, tuple(sorted(mistakes)), tuple(sorted(findings)))
