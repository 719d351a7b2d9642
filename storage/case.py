"""A challenge with everything that belongs to it, read together: what the rules decide on and the cards show."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from storage.models import Challenge, Helper, Reporter, Step, Words
from storage.vocabulary import ChallengeId, Field, PersonId, StepId


@dataclass(slots=True)
class Case:
    """One challenge, whole. Changes go through `Store.record`, which writes the history with them."""

    challenge: Challenge
    reporters: list[Reporter] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    helpers: list[Helper] = field(default_factory=list)
    words: list[Words] = field(default_factory=list)
    """Oldest first; only the words that stand (the latest of each field, and every note, question and answer)."""

    @property
    def id(self) -> ChallengeId:
        return self.challenge.id

    @property
    def number(self) -> int:
        return self.challenge.number

    def said(self, part: Field, about: str | None = None) -> str | None:
        """The latest words of this field; None where there are none, or they were redacted."""
        return next((each.text for each in reversed(self.words) if each.field is part and each.about == about), None)

    def all_said(self, part: Field) -> Iterator[Words]:
        return (each for each in self.words if each.field is part)

    @property
    def title(self) -> str:
        """What the challenge is, in the words that stand, on one line."""
        return " ".join((self.said(Field.WHAT) or "").split())

    def words_of(self, step: Step) -> str:
        return next((each.text or "" for each in self.words if each.id == step.words_id), "")

    def reporter(self, person_id: PersonId) -> Reporter | None:
        return next((each for each in self.reporters if each.person_id == person_id), None)

    def step(self, step_id: StepId) -> Step | None:
        return next((each for each in self.steps if each.id == step_id), None)

    @property
    def open_steps(self) -> list[Step]:
        return sorted(
            (each for each in self.steps if each.done_at is None), key=lambda each: (each.due_on, each.position)
        )

    def put_off_until(self, person_id: PersonId) -> date | None:
        """The day until when somebody has put off their reminders of it; it may be past."""
        until = self.challenge.put_off.get(person_id)
        return date.fromisoformat(until) if until else None

    def has_helper(self, person_id: PersonId) -> bool:
        return any(each.person_id == person_id for each in self.helpers)
