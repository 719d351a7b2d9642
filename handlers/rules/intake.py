"""What a message seems to be: guesses that a person can change, and that never drop a report (design §4).

Every guess prefers saying nothing to saying something wrong: a type only where one list of words clearly wins, and
"not a challenge" only for messages that can hardly be one. The lists are those of the starter types; a district's own
type or tag is known by the words of its name.
"""

import math
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import Final, TypeVar

from handlers.rules.crisis import is_crisis


class Seems(StrEnum):
    """What a message seems to be."""

    CHALLENGE = "challenge"
    """The default: when in doubt it is recorded."""
    GREETING = "greeting"
    """Nothing but a hello, a thank-you or an okay."""
    SUCCESS = "success"
    WORK_ORDER = "work_order"
    PERSONNEL = "personnel"
    """A complaint about how one person behaves. Needing somebody's action is not that."""
    CLASSROOM_QUESTION = "classroom_question"
    CRISIS = "crisis"


def seems(text: str) -> Seems:
    """What the whole message seems to be."""
    if is_crisis(text):
        return Seems.CRISIS
    said = _plain(text)
    return next((guess for guess, holds in GUESSES.items() if holds(text, said)), Seems.CHALLENGE)


# ------------------------------------------------------------------------------------------- what kind of challenge

# Terms are separated by commas; "train*" is any word that begins so; "!" makes a term count double.
TYPES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "staffing": "sub, subs!, substitut*!, coverage!, cover a class!, covering, pulled!, vacan*!, unfilled!, short-staffed!,"
        "short staffed!, hire!, hiring!, staffing!, para, paras, aide, aides, turnover!, resign*, quit, fte!, counselor",
        "time": "minutes!, min!, no time!, planning time!, prep time!, not enough time!, once a month!, hours, too long, release time!,"
        "common planning!, after school",
        "funding": "fund*!, budget*!, stipend*!, money!, grant!, grants!, pay for!, reimburs*!, cost, costs, afford!, purchase, title i,"
        "dollars!",
        "policy": "policy!, policies!, code of conduct!, board rule!, handbook!, mandate*, automatic!, the rule, regulation*!, dress code!",
        "materials": "kit!, kits!, poster, posters!, materials!, supplies!, workbook*!, manipulatives!, textbook*!, ordered, po, box,"
        "boxes, backorder*!, photocopying!, teacher guide*!, shipment!",
        "training": "train!, trained!, training!, trainings!, professional development!, pd!, know how!, knows how!, workshop*!,"
        "certified!, onboarding!, learn how",
        "data_systems": "data system*!, upload*!, roster, rosters!, log in!, login*!, password*!, sync*!, powerschool!, skyward!,"
        "illuminate!, portal!, software!, database!, dashboard!, error, code not found!, invalid!, won't load!, loading our!, data",
        "scheduling": "schedule!, schedules!, scheduling!, duty!, same time!, same block!, block, clash*!, double-booked!, overlap*!,"
        "recess, window, calendar, locked",
        "contracts": "contract!, contracts!, union!, labor agreement!, grievance*!, bargaining!, mou!, clause!, vendor agreement!,"
        "license agreement!, unpaid",
        "leadership": "priority!, superintendent!, wait and see!, mixed signals!, buy-in!, commitment!, leaders!, principals, backing,"
        "vision, support from the top!",
        "communication": "nobody told!, no one told!, not told!, found out!, never heard!, communicat*!, announce*, informed!, memo,"
        "newsletter, in the loop!, changed",
        "alignment": "contradict*!, conflicting!, align*!, initiatives!, competing!, duplicat*!, which one!, committee, committees,"
        "calendars, priorities",
    }
)

TAGS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "related-service staff": "ot!, slp!, slps!, speech!, therapist*!, psychologist*!, social worker*!, nurse!, nurses!,"
        "related service*!",
        "buses or buildings": "bus!, buses!, busing!, bus driver*!, transportation!, roof!, hvac!, boiler!, parking lot!, building repairs!",
        "health or disability procedure": "feeding tube!, seizure*!, medical!, medication*!, diabet*!, allerg*!, epipen*!, catheter*!,"
        "wheelchair*!, health procedure*!, health plan*!, toileting!, equipment",
        "labor agreement": "contract!, union!, labor agreement!, grievance*!, bargaining!, mou!, clause!",
        "vendor agreement": "vendor*!, license!, licenses!, renewal!, data privacy agreement*!, subscription*!",
    }
)


def suggest_type(text: str, types: Iterable[str]) -> str | None:
    """The one of these types that the words point to; None where none does, or two do alike."""
    return _clearest(text, {each: TYPES.get(each, f"{each.replace('_', ' ')}!") for each in types})


def suggest_tags(text: str, tags: Iterable[str]) -> tuple[str, ...]:
    """Those of the tags that the words point to; a person confirms them."""
    said = _plain(text)
    return tuple(tag for tag in tags if _points(said, TAGS.get(tag, f"{tag}!")) >= CLEARLY)


CLEARLY: Final = 2  # points: one strong term, or two weak ones
Name = TypeVar("Name", bound=str)


def _clearest(text: str, lists: Mapping[Name, str]) -> Name | None:
    said = _plain(text)
    points = sorted(((_points(said, terms), name) for name, terms in lists.items()), reverse=True)
    if not points or points[0][0] < CLEARLY or (len(points) > 1 and points[0][0] == points[1][0]):
        return None
    return points[0][1]


def _points(said: str, terms: str) -> int:
    """How many of the terms are there; a strong one counts double."""
    strong, weak = _compiled(terms)
    return 2 * len(set(strong.findall(said))) + len(set(weak.findall(said)))


@lru_cache(maxsize=256)
def _compiled(terms: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    listed = [" ".join(each.split()) for each in terms.split(",")]
    return _any_of(each[:-1] for each in listed if each.endswith("!")), _any_of(
        each for each in listed if each[-1:] != "!"
    )


def _any_of(terms: Iterable[str]) -> re.Pattern[str]:
    spelled = [re.escape(_plain(each)) + (r"\w*" if each.endswith("*") else "") for each in terms if each]
    return re.compile(rf"\b(?:{'|'.join(spelled) or '(?!)'})\b")


def _plain(text: str) -> str:
    """In lower case, without accents and punctuation, one space between words."""
    letters = unicodedata.normalize("NFKD", text.casefold().replace("’", "'"))
    plain = "".join(each for each in letters if not unicodedata.combining(each))
    return " ".join(re.sub(r"[^\w'$-]+", " ", plain).split())


# ------------------------------------------------------------------------------------------------ no challenge, perhaps

GREETINGS: Final = frozenset(
    {
        "", "hi", "hello", "hey", "hi there", "hello there", "hey there", "good morning", "morning", "good afternoon", "good evening",
        "thanks", "thank you", "thank you so much", "thanks so much", "thanks a lot", "many thanks", "thx", "ty", "ok", "okay", "k",
        "ok thanks", "okay thanks", "ok thank you", "got it", "got it thanks", "great", "great thanks", "perfect", "cool", "yes", "no",
        "yep", "nope", "sure", "will do", "sounds good", "you're welcome", "no problem", "bye", "test", "testing", "hola", "gracias",
        "muchas gracias", "buenos dias",
    }
)  # fmt: skip
"""The whole message, without punctuation and emoji."""

_PRAISE: Final = re.compile(
    r"\b(?:shout ?-?out|kudos|props to|hats off|congrat\w*|way to go|(?:great|amazing|awesome|nice|fantastic) (?:job|work)|well done|"
    r"so proud of|proud of (?:our|the|my)|big win|celebrat\w+|hooray|woo ?hoo)\b"
)
_BUT: Final = re.compile(
    r"\b(?:but|however|still|not|no|nobody|never|cannot|\w+n't|cant|dont|wont|isnt|need|needs|without|short|unfortunately|problem|"
    r"issue|except|wish|lack\w*|missing|stuck|blocked|waiting|why|until|broken|late|again)\b"
)

_FACILITY: Final = re.compile(
    r"\b(?:heat|heater|heating|furnace|radiator|thermostat|ac|a/c|hvac|air condition\w*|boiler|sink|faucet|toilet|toilets|urinal|drain|"
    r"pipe|pipes|ceiling|ceiling tile|roof|light|lights|light bulb|lightbulb|bulb|outlet|outlets|door|doorknob|lock|window|windows|"
    r"blinds|projector|smartboard|printer|copier|speaker|intercom|clock|bell|elevator|water fountain|drinking fountain|carpet|mice|"
    r"mouse droppings|ants|roaches|wasps|whiteboard|desk|chair|shelf|fan|vent|gym floor|playground gate|gate)\b"
)
_FAULT: Final = re.compile(
    r"\b(?:noise|noisy|rattl\w+|broke|broken|leak|leaks|leaking|drip\w*|clog\w*|jam|jammed|stuck|crack\w*|flicker\w*|burn\w* out|"
    r"burnt out|went out|is out|are out|is down|overflow\w*|smell\w*|won't (?:turn on|open|close|start|shut|flush|work)|"
    r"wont (?:turn on|open|close|start|shut|flush|work)|not working|isn't working|isnt working|doesn't work|doesnt work|stopped working|"
    r"freezing|too hot|too cold|no heat|no hot water|need\w* (?:\w+ )?(?:replac\w*|fix\w*|repair\w*)|please (?:replace|fix|repair)|falling off|fell off|infest\w*)\b"
)
_PRACTICE: Final = re.compile(
    r"\b(?:data|plan|plans|tier|mtss|pbis|sel|screener|screening|coach\w*|coverage|train\w*|staff\w*|subs?|schedul\w*|meeting\w*|teams?|"
    r"policy|fund\w*|budget\w*|curriculum|lesson\w*|intervention\w*|every (?:school|building|room|month|week|year)|all (?:schools|rooms|year)|"
    r"(?:all|half) (?:of )?(?:our|the) (?:rooms|classrooms)|months|no one can|nobody can|so we can't|so we cant|contract\w*|district|"
    r"principal|testing|assessment\w*|benchmark\w*)\b"
)

_SOMEBODY: Final = re.compile(
    r"\b(?:Mr|Mrs|Ms|Mx|Miss|Dr|Coach|Principal|Officer|Nurse)\.? [A-Z]|"
    r"\b(?:[Mm]y|[Oo]ur|[Tt]he) (?:co-?teacher|coteacher|principal|assistant principal|secretary|para|aide|custodian|teammate|colleague|"
    r"coworker|co-worker|counselor|coach|librarian|department head|boss|supervisor)\b|"
    r"\b[A-Z][a-z]+ (?:[A-Z][a-z]+(?:-[A-Z][a-z]+)? )?(?:is|was|just|always|never|refuses|keeps|yells|screams|needs to be)\b"
)
_MISCONDUCT: Final = re.compile(
    r"\b(?:writ(?:e|ten|ing) (?:him|her|them) up|(?:to be|get|gets|getting) written up|fire (?:him|her)|(?:be|get|gets) fired|reprimand\w*|"
    r"disciplinary action|unprofessional\w*|harass(?:es|ed|ing) (?:me|us|staff|people|teachers|her|him)|"
    r"bull(?:y|ies|ied|ying) (?:me|us|staff|people|teachers)|drunk|inappropriate (?:comment|joke|remark)s?|"
    r"(?:racist|sexist) (?:comment|joke|remark)s?|(?:yell|scream|swear)(?:s|ed|ing)? at (?:me|us|staff|people|teachers|everyone)|"
    r"file a complaint (?:about|against))\b"
)
_UNKIND: Final = re.compile(
    r"\b(?:rude|refus(?:es|ed) to|lazy|incompetent|disrespectful|liar|lies to|gossip\w*|belittl\w+|sarcastic|condescending|nasty|"
    r"(?:bad|terrible|awful) attitude|always late|never shows up|(?:doesn't|doesnt|won't|wont) do (?:his|her|their) job|"
    r"impossible to work with|rolls (?:his|her) eyes|talks down to)\b"
)
_LEARNER: Final = re.compile(r"\b(?:student|kid|child|boy|girl|\w+ grader|parent|mom|dad)\b")

_HOW_TO: Final = re.compile(
    r"\b(?:how (?:do|should|would|can|could) (?:i|you|we)|what(?:'s|s| is) (?:a|the) (?:good|best) way to|"
    r"(?:any|got) (?:good )?(?:ideas|tips|advice|suggestions) (?:for|on|about|to))\b"
)
_CLASSROOM: Final = re.compile(
    r"\b(?:teach|teaching|lesson|lessons|my (?:kids|students|class|homeroom|kinders)|line up|lining up|transitions|small groups|"
    r"morning meeting|hallway expectations|engage|behavior chart)\b"
)
_OBSTACLE: Final = re.compile(
    r"\b(?:supposed to|no|not|without|cannot|\w+n't|cant|dont|never|nobody|short|missing|enough|only|anymore|district|policy|schedule|"
    r"coverage|subs?|contract|budget|which|contradict\w*|with (?:just )?(?:one|two|three|\d+))\b"
)
SHORT: Final = 40  # words; who writes more has more to say than what these guesses are for


def _is_short(said: str) -> bool:
    return said.count(" ") < SHORT


def _complains(text: str, said: str) -> bool:
    unkind = len(set(_UNKIND.findall(said)))
    about_staff = bool(_SOMEBODY.search(text)) and not _LEARNER.search(said)
    return about_staff and (bool(_MISCONDUCT.search(said)) or unkind > 1)


GUESSES: Final[Mapping[Seems, Callable[[str, str], bool]]] = MappingProxyType(
    {
        Seems.GREETING: lambda _, said: said in GREETINGS or not re.search(r"\w", said),
        Seems.SUCCESS: lambda _, said: bool(_PRAISE.search(said)) and not _BUT.search(said),
        Seems.PERSONNEL: _complains,
        Seems.WORK_ORDER: lambda _, said: (
            _is_short(said) and bool(_FACILITY.search(said) and _FAULT.search(said)) and not _PRACTICE.search(said)
        ),
        Seems.CLASSROOM_QUESTION: lambda text, said: (
            "?" in text
            and _is_short(said)
            and bool(_HOW_TO.search(said) and _CLASSROOM.search(said))
            and not _OBSTACLE.search(said)
        ),
    }
)
"""In this order, the first that holds. Each gets the text as written, and the same in plain words."""


# ------------------------------------------------------------------------------------------------------------- money

_MONEY: Final = re.compile(
    r"\$ ?(?P<dollars>\d{1,9}(?:,\d{3}){0,3})(?!,?\d)(?P<cents>\.\d{1,2})?(?: ?(?P<unit>k|m|thousand|million|grand)\b)?|"
    r"\b(?P<number>\d{1,9}(?:,\d{3}){0,3})(?!,?\d)(?P<part>\.\d{1,2})?(?: ?(?P<many>k|thousand|million|grand))? ?(?:dollars|usd|bucks)\b",
    re.IGNORECASE,
)
_TIMES: Final[Mapping[str, int]] = MappingProxyType(
    {"k": 1_000, "thousand": 1_000, "grand": 1_000, "m": 10**6, "million": 10**6}
)
MOST_DOLLARS: Final = 1_000_000_000


def guess_money(text: str) -> int | None:
    """The largest amount of dollars named, rounded up; None where none is (or none that a district could ask for)."""
    amounts = []
    for match in _MONEY.finditer(text):
        whole = match["dollars"] or match["number"]
        part = match["cents"] or match["part"] or ""
        unit = (match["unit"] or match["many"] or "").casefold()
        amounts.append(math.ceil(Decimal(whole.replace(",", "") + part) * _TIMES.get(unit, 1)))
    return max((each for each in amounts if 0 < each <= MOST_DOLLARS), default=None)


# ------------------------------------------------------------------------------------------------------- in confidence

LOOKED_AT: Final = 4_000  # characters: whoever asks for confidence says so before that
_IN_CONFIDENCE: Final = re.compile(
    r"\b(?:do not|don['’]?t|without|leave out|no)\s+(?:\w+\s+){0,3}?my name\b"
    r"|\bkeep\s+(?:my name|me|this|it)\s+(?:out|confidential|private|anonymous)\b"
    r"|\b(?:in confidence|confidentially|anonymously)\b"
    r"|\b(?:no|sin)\s+(?:\w+\s+){0,3}?mi nombre\b|\ben confianza\b",
    re.IGNORECASE,
)


def asks_for_confidence(text: str) -> bool:
    """Whether somebody asks, in the words of the message, that their name be kept back (R-08). Where it is guessed
    wrongly the name is shown to fewer people than it need be, and *Add details* says so."""
    return bool(_IN_CONFIDENCE.search(text[:LOOKED_AT]))
