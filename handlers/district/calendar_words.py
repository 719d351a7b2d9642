"""The words by which a school calendar says what a day is, in English and Spanish. Only tables; `school_calendar` reads them.

Titles are compared in small letters, without accents and punctuation: "Half-Day (K–12)" is "half day k 12".
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Sort(StrEnum):
    """What a day of a school calendar is to us."""

    CLOSED = "closed"
    """No school, and nobody is at work: nobody is written to."""
    STAFF = "staff"
    """Students have none, staff are at work: it stays a day for messages and meetings."""
    HALF = "half"
    """School ends early, and so do messages."""
    FIRST = "first"
    """The first student day of the year."""
    LAST = "last"
    SUMMER = "summer"


def _listed(text: str) -> tuple[str, ...]:
    return tuple(" ".join(each.split()) for each in text.split(","))


def _breaks() -> tuple[str, ...]:
    seasons = _listed(
        "winter, mid winter, midwinter, spring, fall, autumn, thanksgiving, christmas, holiday, easter, february, april,"
        "october, semester, mid year, year end"
    )
    spanish = _listed("invierno, primavera, otono, navidad, semana santa, accion de gracias")
    kinds = _listed("break, recess, vacation, vacations, holidays")
    return (
        *(f"{season} {kind}" for season in seasons for kind in kinds),
        *(f"{kind} de {season}" for season in spanish for kind in ("vacaciones", "receso")),
    )


BREAKS: Final = _breaks()
"""Closed, where the title gives the days of it: not where it says only that one begins."""

SAYS: Final[Mapping[Sort, tuple[str, ...]]] = MappingProxyType(
    {
        Sort.SUMMER: _listed("summer break, summer vacation, summer recess, vacaciones de verano, receso de verano"),
        Sort.FIRST: _listed(
            "first day of school, first day of classes, first day for students, first day for all students,"
            "first student day, students first day, first day of instruction, school begins, classes begin,"
            "primer dia de clases, primer dia de escuela"
        ),
        Sort.LAST: _listed(
            "last day of school, last day of classes, last day for students, last day for all students, last student day,"
            "students last day, last day of instruction, school year ends, ultimo dia de clases, ultimo dia de escuela"
        ),
        Sort.HALF: _listed(
            "half day, half days, 1 2 day, early release, early dismissal, early out, noon dismissal, minimum day,"
            "shortened day, abbreviated day, medio dia, salida temprana"
        ),
        Sort.STAFF: _listed(
            "professional development, professional learning, pd, pd day, pd days, staff development, teacher work day,"
            "teacher workday, teacher workdays, teacher work days, staff work day, staff workday, work day, workday, in service,"
            "inservice, institute day, records day, record day, teacher planning day, staff planning day, staff only,"
            "teachers only, staff day, teachers report, staff report, teacher institute, no students,"
            "no school for students, student holiday, students off, non student day, student free day, non attendance day,"
            "desarrollo profesional"
        ),
        Sort.CLOSED: _listed(
            "no school, no classes, school closed, schools closed, schools are closed, all schools closed, district closed,"
            "district holiday, school holiday, legal holiday, public holiday, federal holiday, no hay clases,"
            "no hay escuela, sin clases, dia feriado, dia festivo, escuelas cerradas"
        ),
    }
)
"""In this order: "early release: staff development" is a half day, "no school: records day" a day for staff."""

HOLIDAYS: Final = frozenset(
    _listed(
        "labor, labour, thanksgiving, after thanksgiving, christmas, christmas eve, new years, new years eve, martin luther"
        " king, martin luther king junior, mlk, memorial, juneteenth, independence, july 4th, 4th of july,"
        "fourth of july, good friday, easter monday, accion de gracias, navidad, ano nuevo"
    )
)
"""The whole title, but for `AROUND_HOLIDAYS`. Days on which some districts have school (Veterans Day, Presidents' Day,
Election Day) are not among them: the calendar must say "no school"."""

AROUND_HOLIDAYS: Final = frozenset(
    _listed("day, days, dia, de, el, the, observed, observance, holiday, weekend, jr, dr, birthday, s")
)

TURNS: Final = frozenset(
    _listed("begins, begin, starts, start, ends, end, resumes, resume, return, returns, before, after, back, again,"
            "empiezan, terminan, antes, despues")
)  # fmt: skip
"""With one of these a title of a single day tells when a break turns, not which days it has."""

FOR_SOME: Final = _listed(
    "kindergarten, pre k, prek, pre kindergarten, preschool, early childhood, ecse, head start, grade, grades, graders,"
    "1st, 2nd, 3rd, 5th, 6th, 7th, 8th, 9th, 10th, 11th, 12th, freshmen, seniors, elementary, elementaries, middle school,"
    "high school, secondary, intermediate, k 2, k 3, k 4, k 5, k 6, k 8, 6 8, 6 12, 7 12, 9 12, kinder, primaria, secundaria"
)
"""Not for all of the district: whether it counts is for people to say."""

PERHAPS: Final = _listed(
    "if needed, if necessary, as needed, make up, makeup, contingency, tentative, may be, possible, inclement, weather,"
    "si es necesario"
)

NOT_MEANT: Final = _listed(
    "no school board, no school meals, no school lunch, no school breakfast, no school bus, no school uniform,"
    "no school uniforms, no school store, no school sponsored, no school dance, no school sports, no school committee"
)
"""These words say something else than that there is no school."""
