"""Errors that a person can understand and mend. Each carries a phrase, said in the reader's language."""

from collections.abc import Mapping

from handlers.cards.text import Phrase


class UserError(Exception):
    """What was asked cannot be done; the phrase says why and what to do."""

    def __init__(self, phrase: Phrase) -> None:
        super().__init__(phrase.msgid)
        self.phrase = phrase


class StaleError(UserError):
    """The challenge has moved on since the card was shown."""


class ForbiddenError(UserError):
    """Not theirs to do, or not theirs to see."""


class NotFoundError(UserError):
    """There is none, or none that they may see: the answer is the same."""


class FormError(UserError):
    """Fields of a form need another look; the form keeps what was typed."""

    def __init__(self, errors: Mapping[str, Phrase]) -> None:
        super().__init__(next(iter(errors.values())))
        self.errors = errors
