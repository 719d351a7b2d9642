"""Is somebody in danger now? Such a message is no ticket: the district's crisis text answers it at once (R-108).

The patterns are phrases: "(…)" means one of these, "<name>" is spelled out in PARTS. They lean towards yes, because the
answer comes with a way to say that this was not meant; idioms are taken out first.
"""

import re
import unicodedata
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final


def is_crisis(text: str) -> bool:
    """Whether it tells of danger now: to oneself or others, a weapon, abuse, a missing child, an overdose."""
    said = _plain(text)
    begins = {word[:4] for word in said.split()}
    topics = [phrases for stems, phrases in DANGER if not begins.isdisjoint(stems)]
    if not topics:
        return False  # nearly every message: not one word of it is about danger
    said = IDIOMS.sub(" ", said)
    return (
        any(pattern.search(said) for phrases in topics for pattern in phrases)
        or any(not TAUGHT.search(said, *_sentence(said, match.start())) for match in _all(DANGER_UNLESS_TAUGHT, said))
        or any(not DENIED.search(said, *_with_the_word_before(said, match)) for match in _all(WEAPONS, said))
    )


def _all(patterns: tuple[re.Pattern[str], ...], said: str) -> list[re.Match[str]]:
    return [match for pattern in patterns for match in pattern.finditer(said)]


def _plain(text: str) -> str:
    """In lower case, without accents and apostrophes, one space between words, sentences apart."""
    letters = text.casefold()
    if not letters.isascii():
        letters = "".join(each for each in unicodedata.normalize("NFKD", letters) if not unicodedata.combining(each))
    plain = letters.replace("'", "").replace("’", "")
    return re.sub(r"[^\w.]+", " ", re.sub(r"[.!?;\n]+", " . ", plain))


def _sentence(said: str, at: int) -> tuple[int, int]:
    """Where the sentence around `at` begins and ends, within 300 characters."""
    end = said.find(".", at, at + 300)
    return max(said.rfind(".", 0, at) + 1, at - 300), end if end >= 0 else at + 300


def _with_the_word_before(said: str, match: re.Match[str]) -> tuple[int, int]:
    return said.rfind(" ", 0, max(match.start() - 1, 0)) + 1, match.end()


PARTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "few": r"(\w{1,20} ){0,4}",
        "adj": r"(\w{1,20} )?",
        "child": r"(student|pupil|kid|kiddo|child|boy|girl|grader|kindergart(n|en)er|preschooler|toddler|freshman|sophomore|teen|"
        r"teenager|daughter|son|he|she|hes|shes)",
        "kin": r"(mom|mother|dad|father|stepmom|stepmother|stepdad|stepfather|parent|guardian|uncle|aunt|boyfriend|brother|cousin|"
        r"grandpa|grandma|babysitter)",
        "anybody": r"(man|woman|guy|stranger|adult|visitor|neighbor|somebody|someone|person|driver|coach|sub|substitute|aide|para|"
        r"teacher|principal|custodian|janitor|volunteer|employee|colleague|student|they|who|<kin>|<child>)",
        "worker": r"(a|an|the|this|another|my|our|his|her|their|some) <adj>(coach|driver|aide|para|sub|substitute|counselor|nurse|"
        r"secretary|custodian|janitor|superintendent|administrator|staff|coworker|colleague|neighbor|child|children)",
        "minor": r"(him|her|me|(a|an|the|this|that|another|other|my|our|some|one of (my|our|the)) <adj>(kids?|child|children|students?|"
        r"girls?|boys?|pupils?|graders?))",
        # not "her keyboard", "the student folder": a person, and then an end, a place, a time, a body
        "and no thing": r"(?= ?(\.|$)| (in|on|at|by|near|under|behind|beside|inside|outside|during|before|after|when|while|where|every|"
        r"again|and|there|like|from|body|private|legs?|thighs?|chest|breasts?|butt|bottom|hair|neck|skin)\b)",
        "self": r"(himself|herself|themself|themselves|myself|yourself)",
        "people": r"(him|her|them|everyone|everybody|someone|somebody|anyone|people|kids|students|staff|classmates|(a|an|the|another|"
        r"other|his|her|their|my|some|all|all the|all his|all her) <adj>(student|kid|teacher|principal|para|mom|mother|dad|father|"
        r"parents?|classmates?|friends?|family|brother|sister|class|school|boy|girl|baby|students|kids|teachers))",
        "intends": r"(wants?|wanted|wanting|going|gonna|plans?|planned|planning|threats?|threatens?|threatened|threatening|tries|"
        r"tried|trying|said|says|saying|will|would|might|wrote|writes|posted|texted|told|talks?|talked|talking|thinks?|thinking|"
        r"thought|about)",
        "weapon": r"(guns?|handgun|pistol|rifle|shotgun|firearm|knife|knives|machete|switchblade|weapons?|bomb|explosives?)",
        "bearing": r"(has|had|have|got|brought|brings?|bringing|carry|carries|carried|carrying|shows?|showed|showing|pull|pulls|"
        r"pulled|with|found|saw|seen|hid|hides|hiding|waved|waves|waving|points?|pointed|pointing|flashed|flashing|theres|"
        r"there is|holding|is a|drew|keeps)",
        "within reach": r"(school|class|classroom|building|backpack|bag|locker|bathroom|campus|bus|desk|pocket|jacket|hand|cafeteria|"
        r"gym|hall|hallway|playground|car)",
        "machine": r"(printer|copier|laptop|chromebook|computer|projector|bus|car|battery|phone|schedule|wifi|heater|boiler|program|"
        r"initiative|idea|\w{1,20}board)s?",
    }
)


def _spelled(phrase: str) -> str:
    while "<" in phrase:
        phrase = re.sub(r"<([a-z ]+)>", lambda part: PARTS[part[1]], phrase)
    return r"\b" + re.sub(r"\((?!\?)", "(?:", phrase) + r"\b"


def _phrases(*phrases: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(_spelled(each)) for each in phrases)


IDIOMS: Final = re.compile(
    "|".join(
        map(
            _spelled,
            (
                r"killing (me|us|it|time|our|the (vibe|mood|momentum|budget|schedule))",
                r"killing <self> (to|over|trying|with|for|just|getting|doing|on)",
                r"dying (to|for)",
                r"(to|can) die for",
                r"die (on (this|that|the) hill|of (boredom|embarrassment|laughter))",
                r"<machine> <adj>(wants?|wanted) to die",
                r"shoot(ing)? (for|over|off|hoops|baskets|videos?|photos|pictures|film|the breeze|from the hip)",
                r"shoot(ing)? (me|you|us|him|her|them) (a|an|over|the)",
                r"(glue|heat|nail|staple|price|radar|scanner|label|tape|water|squirt|nerf|toy|top|big|massage|spray|caulk|infrared|"
                r"temperature|hired|smoking) guns?",
                r"(jump|jumps|jumped|jumping) the gun",
                r"under the (gun|knife)",
                r"(our|my|your|their|to) guns",
                r"(gun|knife|weapons?) (safety|polic(y|ies)|violence|laws?|control|drawer|block|sets?|skills|sharpener|detect\w{1,6}|"
                r"search(es)?|screen\w{0,5}|sweeps?|training|procedures?|protocol|code|reports?)",
                r"(butter|plastic|utility|putty|palette|kitchen|box|pastry|bread) (knife|knives)",
                r"(bath|photo|time|truth|love|f|ticking|cherry|stink) bombs?",
                r"bomb drills?",
                r"jump(ing)? (in(?! front)|into|on|onto|to|through|ahead|at|ship|back|start|for joy|rope|around|over|straight|right)",
                r"(career|political|social|professional|financial) suicide",
                r"(is|its|was|be|pure|total|like) suicide",
                r"suicide (squeeze|drills?|sprints?|hotline|lifeline|prevention|awareness)",
                r"(hit|hits|hitting) (me|us|him|her|them) up",
                r"beats? me",
                r"hurt\w{0,3} (\w{1,20} ){0,2}feelings",
                r"choking hazard",
                r"shot down",
                r"(if|when|whenever|in case) <few>(is|are|has|have) (having )?(a|another) seizure",
                # what to do one day; but not where it goes on about "he" or "she"
                r"(protocol|policy|procedure|training|plan|steps|form|guidance) (for|on|about) (when|if|what to do|how to)"
                r"((?! (he|she) )[^.]){0,120}",
            ),
        )
    )
)
"""What sounds like danger and is none."""


def _topic(stems: str, *phrases: str) -> tuple[frozenset[str], tuple[re.Pattern[str], ...]]:
    return frozenset(stems.split()), _phrases(*phrases)


DANGER: Final = (
    _topic(
        # to oneself
        "kill hang shoo stab unal drow pois hurt harm cut cutt burn self suic die dead life kms live aliv wake anym jump roof ledg brid",
        r"(kill|hang|shoot|stab|unalive|drown|poison)(s|ed|ing)? <self>",
        r"<intends> <few>(hurt|harm|cut)(ing|ting)? <self>",
        r"(is|are|was|been|keeps?|started|starts|caught|found|seen|saw) <few>(hurting|harming|cutting|burning) <self>",
        r"(is|was|been|caught|actively|currently) <adj>self harming",
        r"(im|is|are|was|feels?|feeling|felt|seems?|actively|currently|became|being|shes|hes) <adj>suicidal",
        r"(wants|wanted) to (just )?die",
        r"(i|who|they) (just |really )?(want|wish|wanted|wished) to (just )?die",
        r"wish(es|ed)? (\w{1,20} ){1,2}(was|were) dead",
        r"better off dead",
        r"(end|ends|ending|ended|take|takes|taking|took) (his|her|my|their) (own )?life",
        r"kms",
        r"no reason to live",
        r"(<child>|i|who|they) (doesnt|dont|didnt|does not|do not) want to (live|be alive|wake up|be here anymore)",
        r"(going|gonna|threat\w{0,8}|trying|wants?|about) (to |that (he|she) (will|would) )?jump (off|out|from|in front)",
        r"<child> <adj>(is |was |says (he|she) is )?(going|gonna|threatening|trying|about) to jump",
        r"<child> (\w{1,20} ){0,3}on (the|a) (roof|ledge|bridge)",
    ),
    _topic(
        # to others
        "kill murd shoo stab stra chok hurt harm atta beat blow shot arme",
        r"<intends> <few>(kill|murder|shoot|stab|strangle|choke) (up )?<people>",
        r"<child> <few>(said|says|told|threat\w{0,8}|wrote|texted|posted) (\w{1,20} ){0,6}(kill|shoot|stab|hurt) (me|us)",
        r"<child> (\w{1,20} ){0,2}(wants?|is going|is planning|plans|threatens|threatened|is threatening) (to )?"
        r"(hurt|harm|attack|beat up) <people>",
        r"shoot(ing)? (up )?(the|this|our|my|his|her) (school|building|class|classroom|place|cafeteria)",
        r"blow up (the|this|our) (school|building|gym)",
        # a threat is one whoever makes it, and whether or not it says against whom
        r"threat\w{1,8} (\w{1,20} ){0,3}shoot(?! (down|holes?|it|pool|hoops|for|((a|an|the|some|more|our|his|her|their) )?<adj>"
        r"(videos?|photos?|pictures?|pics|films?|movies?|commercials?|scenes?|interviews?|footage|emails?|texts?)))",
        r"threat\w{1,8} (to |that (he|she|they|hed|shed|theyd|hell|shell|theyll) ?(will |would )?)?(kill|murder|stab|strangle|hurt|harm|"
        r"attack|beat up|come after) (me|us|<people>|<worker>)",
        r"<anybody> (said|says|told <adj>|wants?|wanted|is going|was going|plans|planned) (me |us )?(that )?(he |she |they )?(to |will |"
        r"would |wants to |is going to |was going to )?(kill|murder|shoot|stab|strangle) <worker>(?! (position|role|job|budget|program|line|plan|schedule)s?)",
        r"shoot(ing)? up (the|this|our|my|his|her) <adj>(office|gym|bus|hallway|hall|campus|playground|house|meeting|game|dance|staff)",
        r"shots fired",
        r"shooter (in|at|on|inside|outside)",
        r"armed (man|person|woman|guy|student|kid|intruder|with a)",
    ),
    _topic(
        # abuse
        "abus beat mole rape assa traf kidn abdu stab shot stra hit hits hitt hurt punc kick chok touc grop fond grab hand burn home brui blac welt mark",
        r"<child> <few>(being|been|getting|gets|is|was) <adj>(abused|beaten|molested|raped|assaulted|trafficked|kidnapped|abducted|"
        r"stabbed|shot|strangled)",
        r"<kin> (\w{1,20} ){0,2}?(hits?|hitting|beats?|beating|hurts?|hurting|punched|punches|kicked|kicks|chokes?|choked|touches|"
        r"touched|touching|raped|rapes|molests|molested|burns|burned|abuses|abused|abusing) "
        r"(him|her|them|me|the (kid|kids|child|student|boy|girl|baby))",
        r"touch(es|ed|ing)? (him|her|them|me|a student|the student|kids?) <adj>(inappropriately|sexually|down there)",
        r"<anybody> (\w{1,20} ){0,2}?(touch(es|ed|ing)|grop(es|ed|ing)|fondl(es|ed|ing)) <minor><and no thing>",
        r"(man|woman|guy|stranger|adult|visitor|somebody|someone) (\w{1,20} ){0,2}?grab(s|bed|bing) <minor><and no thing>",
        r"(touch|grab|grop|fondl|show|expos)\w{0,4} (\w{1,20} ){0,4}(private parts|privates|genitals|breasts)",
        r"hands? (up|down|under|in|inside) (her|his|my|their|a \w{3,9}) (skirt|shirt|pants|dress|shorts|underwear|blouse|bra)",
        r"(afraid|scared|terrified) <adj>to go (back )?home",
        r"((not|isnt|doesnt feel|never) safe|unsafe) at home",
        r"(came|comes|coming|showed up|has|had|covered) <few>(bruises|bruised|black eye|welts|burn marks|belt marks)",
    ),
    _topic(
        # missing, hurt
        "miss find know over pill tyle unre unco brea chok blee coll stop seiz 911 ambu poli ems",
        r"<child> (is |has been |has gone |went |still |just |now ){0,3}missing( (since|right now|now|for \d+|after|from <adj>"
        r"(recess|playground|building|grounds|bus|campus|dismissal|trip|bathroom|line))|(?= ?(\.|$)))",
        r"(a|report|reporting) missing (child|student|kid|boy|girl|kindergartner)( (from|since|right|at)|(?= ?(\.|$)))",
        r"(cant|cannot|couldnt) find (one of (my|our) \w{1,20}s|(a|the|my|our|this) <adj>(student|kid|child|boy|girl|grader|"
        r"kindergart(n|en)er))"
        r"(?! (\w{1,20} ){0,2}?(in|on|under) <adj>(system|rosters?|lists?|database|data|upload|file|portal|sis|powerschool|skyward|"
        r"illuminate|dropdown|form|app|dashboard|spreadsheet|report|class))"
        r"(?! (data|records?|files?|ids?|work|names?|forms?|handbook|services|list|roster|laptops?|devices?|schedules?|info|information|"
        r"teacher|desks?|code))",
        r"(nobody|no one|noone|dont|not) knows? where (he|she|the (kid|child|student|boy|girl)) (is|went|ran)",
        r"(overdosed|overdosing)",
        r"(took|taken|swallowed|ate) (\w{1,20} ){0,5}(pills|tylenol)",
        r"<child> (\w{1,20} ){0,3}(unresponsive|unconscious|not breathing|isnt breathing|cant breathe|stopped breathing|collapsed|"
        r"choking(?! on the)|bleeding (badly|out|heavily|a lot))",
        r"(is|are) having (a|another) seizure",
        r"(call|need|send|get) (911|an ambulance|the police|police|ems) (now|asap|right now|immediately|please|to room)",
    ),
    _topic(
        # in Spanish
        "mata mori suic disp pist arma cuch nava bomb dano cort pega golp desa",
        r"(se|me) quier[eo] (matar|morir|suicidar)",
        r"quier[eo] (matarse|matarme|morirse|morirme|morir|suicidarse|suicidarme)",
        r"(va|dijo|dice|amenaza|amenazo) <few>(matar|matarse|matarlo|matarla|suicidarse|disparar)",
        r"(tiene|trae|trajo|lleva) <adj>(pistola|arma|cuchillo|navaja|bomba)",
        r"(hacerse dano|se esta cortando|le pegan en (la )?casa|l[oa] golpean|esta desaparecid[oa])",
    ),
    _topic(
        # what stands in the two lists below
        "suic bomb shoo intr over gun guns hand pist rifl shot fire knif kniv mach weap expl swit",
    ),
)
"""By how the telling words of each topic begin (their first four letters), so that most messages are settled at once."""

DANGER_UNLESS_TAUGHT: Final = _phrases(
    r"(a|my|this|our|the|have) <adj>suicidal <child>",
    r"suicidal (thoughts?|ideation|statements?|threats?|comments?|notes?)",
    r"(attempt\w{0,4}|commit\w{0,4}|threat\w{0,6}|contemplat\w{0,5}|consider\w{0,4}|talk\w{0,3} about|mention\w{0,4}|wrote about) "
    r"(\w{1,20} ){0,2}suicide",
    r"suicide (note|attempt|threat|pact)",
    r"(bomb threat|active shooter|intruder|overdose)",
)
TAUGHT: Final = re.compile(
    _spelled(
        r"(train\w{0,5}|protocols?|polic(y|ies)|procedures?|screen\w{0,5}|curriculum|prevention|awareness|modules?|workshops?|pd|"
        r"drills?|lessons?|assembly|posters?|hotline|assessments?|forms?|templates?|flowchart|webinar|plans?|kits?|narcan)"
    )
)
"""In the same sentence: it is about what to do one day, not about today."""

WEAPONS: Final = _phrases(
    r"<bearing> <few><weapon>",
    r"<weapon> (in|at|on|inside) (\w{1,20} ){0,2}<within reach>",
)
DENIED: Final = re.compile(_spelled(r"(dont|doesnt|didnt|do not|does not|never|no|not|cant|without|nobody|isnt|arent)"))
