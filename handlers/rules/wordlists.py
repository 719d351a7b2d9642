"""The words that the rules on student information know, by sort. Only tables; `privacy` reads them."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final


def _listed(text: str) -> tuple[str, ...]:
    return tuple(" ".join(each.split()) for each in text.split(","))


LETTERS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "t": ("the",),
        "d": ("my", "this", "that", "our", "the only", "our only", "my only", "the one"),
        "a": ("a", "an", "one", "another", "some"),
        "e": ("every", "each", "any", "no", "all", "which", "whichever", "either"),
        "o": ("his", "her"),
        "r": ("he", "she", "him", "he's", "she's"),
        "U": _listed("i, we, you, they, it, there, nobody, noone, everyone, everybody, someone, somebody, anyone, staff,"
                     "teachers, admin, us, them"),
        "&": ("and", "or", "plus"),
        ";": _listed("because, bc, cause, cuz, so, but, since, if, when, whenever, while, although, though, until, unless,"
                     "which means"),
        "i": _listed("in, from, at, inside, out of"),
        "F": ("of", "for"),
        "_": _listed("hit a wall, hits a wall, hit the wall, hit a snag, hit a limit, broke down, breaks down"),
        "w": _listed("who isn't, who isnt, who is not, with, w, who has, who had, who have, who uses, who needs, who is, who's, that has, having, on"),
        "v": _listed("has, had, have, got, gets, getting, is, was, be, been, being, uses, needs, needed, takes, wears,"
                     "keeps, kept, there's, just had, also has, just got"),
        "s": _listed("student, pupil, kid, kiddo, child, boy, girl, son, daughter, learner, scholar"),
        "S": _listed("students, pupils, kids, kiddos, children, boys, girls, learners, scholars, graders, kindergartners,"
                     "kindergarteners, preschoolers, first graders, second graders, third graders, fourth graders,"
                     "fifth graders, sixth graders, seventh graders, eighth graders, freshmen, sophomores"),
        "k": _listed("kindergartner, kindergartener, kinder, preschooler, freshman, sophomore, grader, first grader,"
                     "second grader, third grader, fourth grader, fifth grader, sixth grader, seventh grader,"
                     "eighth grader, ninth grader, tenth grader"),
        "g": _listed("kindergarten, preschool, first grade, second grade, third grade, fourth grade, fifth grade,"
                     "sixth grade, seventh grade, eighth grade, my class, my homeroom, my room, homeroom"),
        "p": _listed("mom, mother, mum, mama, dad, father, papa, parent, guardian, grandma, grandmother, granny, nana,"
                     "grandpa, grandfather, aunt, auntie, uncle, stepmom, stepmother, stepdad, stepfather, foster mom,"
                     "foster dad, foster parent, foster mother, foster father, caregiver"),
        "h": _listed("seizure, seizures, epilepsy, epileptic, diabetes, diabetic, insulin, insulin pump, feeding tube,"
                     "g-tube, trach, tracheostomy, catheter, wheelchair, walker, hearing aid, hearing aids, cochlear implant,"
                     "blind, deaf, cerebral palsy, down syndrome, autism, autistic, asd, adhd, ptsd, anxiety, depression,"
                     "depressed, bipolar, schizophrenia, selective mutism, nonverbal, non-verbal, asthma, asthmatic, inhaler,"
                     "epipen, epi-pen, peanut allergy, nut allergy, food allergy, allergy, allergies, allergic, anaphylaxis,"
                     "cancer, leukemia, chemo, chemotherapy, pregnant, pregnancy, miscarriage, eating disorder, anorexia,"
                     "bulimia, sickle cell, cystic fibrosis, muscular dystrophy, spina bifida, tourette's, tourettes, dyslexia,"
                     "dyslexic, brain injury, concussion, diapers, diapering, toileting, incontinent, oxygen tank, service dog,"
                     "surgery, heart condition, stutter, foster care, homeless, cps, custody battle, undocumented, medically fragile,"
                     "toilet trained, potty trained, colostomy, ostomy, prosthetic, ventilator, kidney disease, lupus, hiv, lice, self-harm"),
        "H": _listed("disability, disabled, special needs, medication, medications, meds, diagnosis, diagnosed, condition,"
                     "special education, sped"),
        "l": _listed("iep, 504, 504 plan, bip, fba, mdr, behavior plan, behaviour plan, behavior intervention plan,"
                     "behavior support plan, behavior contract, behavior chart, safety plan, health plan, care plan,"
                     "crisis plan, seizure plan, manifestation determination, threat assessment"),
        "b": _listed("eloped, elopes, eloping, fought, vaped, vapes, stole, steals, spit, spat, ran away, runs away,"
                     "melted down, melts down, acted out, acts out, swore at, swears at, cursed at, curses at, cussed at,"
                     "got in a fight, got into a fight, skipped class, skips class, brought a vape, ran out of, runs out of"),
        "R": _listed("suspension, suspensions, expulsion, detention, detentions, meltdown, meltdowns, tantrum, tantrums,"
                     "referral, referrals, write-up, write-ups, fight, fights, truancy, outburst, outbursts, iss, oss,"
                     "elopement, restraint, seclusion, aggression, aggressive, violent, disruptive, defiant, truant, vaping,"
                     "stealing, fighting, eloping"),
        "Y": _listed("suspended, expelled, restrained, secluded, arrested, sent home, retained, written up"),
        "y": ("send", "sent", "sending", "sends"),
        "z": _listed("home, to the office, to iss, to the principal"),
        "f": _listed("threw, throws, throwing, throw, hit, hits, hitting, kicked, kicks, kicking, punched, punches,"
                     "punching, bit, bites, biting, shoved, shoves, shoving, pushed, pushes, choked, chokes, choking,"
                     "slapped, slaps, scratched, scratches, attacked, attacks, destroyed, destroys, flipped, flips, broke,"
                     "breaks, stabbed, bullied, bullies, bullying, harassed, harasses, screamed at, screams at, head-butted"),
        "q": _listed("chair, chairs, desk, desks, table, tables, book, books, scissors, pencil, pencils, shoe, shoes,"
                     "things, furniture, stuff, peer, peers, classmate, classmates, me, us, himself, herself, somebody, someone,"
                     "staff, wall, window, chromebook, ipad, rock, rocks, food, fit"),
        "m": _listed("said, says, told, asked, asks, emailed, wrote, thinks, suggested, mentioned, presented, trained,"
                     "recommended, runs, leads, teaches, coordinates, handles, oversees, trains, covers, manages, schedules,"
                     "wants, retired, resigned, quit, presents, offered, promised, agreed, announced, shared, explained,"
                     "subs, subbed, tracks, enters, scores, facilitates, wrote up"),
        "L": _listed("enrolled, absent, tardy, homeroom, transferred, withdrew, graduating, failing, enrollment"),
        "B": _listed("dob, d.o.b, birthdate, birth date, date of birth, birthday, bday, born, b-day"),
        "V": _listed("before, after, by, between, later, earlier"),
        "I": _listed("id, number, no, num, id number, id no"),
        "C": _listed("uic, sid, ssid, student id, student number, student no, student id number, lunch number, ssn, social,"
                     "social security number"),
        "O": _listed("po, ticket, order, work order, invoice, asset, tag, serial, meeting, zoom, extension, ext, code, account,"
                     "device, course, section, building, school, district, employee, staff, vendor, grant, project, form,"
                     "error, case, request, receipt, quote, part, model, item, check, badge, confirmation, tracking, conference"),
        "G": _listed("cell, phone, number, email, e-mail, mail, mobile, reach, reached, can, called from, calls from, texted from,"
                     "calling from, texts from, to call, to text, to email, call, contact, text, work, line, via, through"),
        "c": _listed("named, called, name is, by the name of"),
        "T": _listed("mr, mrs, ms, miss, mx, dr, coach, principal, assistant principal, superintendent, teacher, nurse,"
                     "counselor, para, parapro, aide, sub, officer, professor, director, secretary, custodian, psychologist,"
                     "social worker, interventionist, consultant, rep, vendor, author, trainer, presenter, facilitator, liaison,"
                     "librarian, therapist, slp, ot, pt, bcba, dean, board member, senator, governor, commissioner, per, cc"),
        "M": _listed("data, information, info, system, systems, support, supports, services, service, council, handbook,"
                     "handbooks, record, records, names, account, accounts, login, logins, portal, teacher, teachers, teaching, body,"
                     "growth, outcome, outcomes, voice, success, achievement, count, counts, discipline, schedule, schedules,"
                     "roster, rosters, device, devices, chromebook, chromebooks, survey, surveys, work, engagement, attendance,"
                     "management, population, numbers, ratio, ratios, day, days, activities, list, lists, safety, file, files,"
                     "lunch, lunches, intern, interns, center, program, programs, study, find, nutrition, protective, care,"
                     "behavior, behaviors, learning, conduct, leader, leaders, leadership, ambassador, ambassadors, ids, badges,"
                     "agreement, agreements, assistance, aid, transportation, time, progress, choice, art, group, groups, mentor,"
                     "mentors, screener, screeners, screening, form, forms, template, templates, paperwork, caseload, caseloads,"
                     "meetings, training, trainings, process, processes, team, teams, module, modules, compliance, writing, software, license,"
                     "licenses, kit, kits, liaison, liaisons, conference, conferences, night, nights, letter, letters, involvement,"
                     "volunteer, volunteers, complaint, complaints, representative, representatives, permission, signature,"
                     "signatures, education, university, square, app, apps, resource, resources, materials, seats, laptops, planner,"
                     "planners, pickup, dropoff, union, athlete, athletes, led, focused, upload, uploads, import, screens,"
                     "code, codes, profile, profiles, dashboard, dashboards, binder, binders"),
    }
)  # fmt: skip
"""The sorts of words that the rules know, by letter. The reader adds: N and n unknown capitalised words (n begins a
sentence), A names of staff, W known names, K one capital, J and j initials, 9 and 7 long and four-digit numbers, 5 ordinals, u
other numbers, D dates, P phones, E e-mails, X a social security number, and . , ( ) ' (the possessive) _ (the rest)."""

NOT_NAMES: Final = frozenset(
    _listed(
        # how sentences begin
        "the, a, an, and, but, so, or, if, when, while, because, since, as, at, by, for, from, in, into, of, off, on, onto, out,"
        "over, per, to, under, until, up, with, without, after, again, also, although, am, another, any, anyone, anything, are,"
        "aren't, around, ask, asked, asking, be, been, before, being, below, between, both, can, can't, cannot, could, couldn't,"
        "did, didn't, do, does, doesn't, doing, don't, done, due, during, each, either, else, even, ever, every, everything,"
        "few, first, finally, found, get, gets, getting, give, given, gives, go, goes, going, gone, good, got, great, had, happy,"
        "has, hasn't, have, haven't, having, hello, help, here, hey, hi, honest, honestly, how, however, i, i'm, i've, i'd, i'll,"
        "instead, is, isn't, it, it's, just, keep, keeps, last, later, let, let's, like, look, looking, lot, lots, made, make,"
        "many, maybe, may, me, might, more, morning, most, much, must, my, need, needs, neither, never, new, next, no, nope,"
        "none, not, nothing, now, ok, okay, old, once, one, only, other, others, our, ours, own, part, perhaps, please, pls,"
        "question, quick, really, right, same, saw, say, second, see, seems, sent, several, shall, she, should, shouldn't, shout,"
        "some, something, sometimes, soon, sorry, still, such, sure, take, tell, thank, thanks, that, that's, their, them, then,"
        "there, there's, these, they, they're, thing, things, think, third, this, those, thought, three, through, today, told,"
        "tomorrow, tonight, too, tried, try, trying, two, update, us, use, used, using, very, want, wants, was, wasn't, we,"
        "we'd, we'll, we're, we've, well, went, were, weren't, what, what's, whatever, where, whether, which, who, who's, whole,"
        "whose, why, will, won't, wondering, work, works, would, wouldn't, yeah, yes, yesterday, yet, you, you're, your, zero,"
        "hoping, heard, hear, feel, feels, four, five, six, seven, eight, nine, ten, twice, apparently, basically, currently,"
        "unfortunately, actually, evidently, recently, meanwhile, besides, anyway, btw, fyi, ugh, wow, yay, hooray, congrats,"
        "kudos, welcome, dear, team, everyone, everybody, nobody, somebody, someone, folks, people, guys, thanksgiving, imagine,"
        "according, absolutely, additionally, plus, put, run, set, start, started, starting, stop, switch, turns, until, via, beyond,"
        # school
        "academy, account, activity, admin, administration, administrator, advisory, agenda, algebra, annual, april, art, arts,"
        "assembly, assessment, assistant, association, athletics, attendance, august, band, bathroom, behavior, behaviors, benchmark,"
        "binder, biology, blinds, block, board, boiler, book, books, box, boxes, break, breakfast, budget, building, bus, buses,"
        "busing, cabinet, cafeteria, calendar, calm, camera, campus, carpet, cart, center, central, check, chemistry, choir,"
        "chromebook, chromebooks, class, classes, classroom, classrooms, climate, clinic, clinical, club, coach, coaches, coaching,"
        "code, cohort, college, committee, common, community, computer, conduct, conference, conferences, contract, copier, core, corner,"
        "council, counseling, counselor, counselors, county, course, court, coverage, crisis, culture, curriculum, custodial,"
        "custodian, custodians, cycle, data, day, days, december, department, desk, desks, device, devices, director, discipline,"
        "district, door, doors, draft, dress, drive, drop, duty, early, education, educator, elementary, emergency, english,"
        "enrollment, equity, error, event, exam, exams, expectations, fall, families, family, february, federal, field, fidelity,"
        "finance, fire, fiscal, form, forms, foundation, fountain, framework, friday, fridays, fund, funding, funds, furnace, general,"
        "geometry, gifted, goal, goals, grade, grades, grading, grant, grants, group, groups, guidance, guide, gym, gymnasium, half,"
        "hall, hallway, halloween, handbook, head, heat, heater, health, heating, high, history, holiday, holidays, homecoming,"
        "homeroom, homework, hour, house, human, implementation, independence, indian, initiative, instruction, instructional,"
        "intake, intermediate, internet, intervention, interventionist, interventions, interview, invoice, january, job, july, june,"
        "junior, kid, kids, kinder, kindergarten, kit, kits, labor, laptop, laptops, law, lead, leader, leaders, leadership,"
        "learning, leave, lesson, lessons, letter, level, liaison, library, license, licenses, light, lights, line, literacy, local,"
        "lock, locker, locks, log, long, lunch, mandate, manual, map, march, master, matching, materials, math, mathematics,"
        "measure, measures, media, medical, meeting, meetings, memorial, memo, mental, mentor, middle, minutes, mission, module,"
        "monday, mondays, monitor, month, music, national, night, north, notice, november, nurse, nurses, nursing, october,"
        "office, officer, online, open, operations, orchestra, order, orders, orientation, outlet, outlook, parent, parents, parking,"
        "partnership, payroll, period, permission, personnel, phone, phones, phonics, physical, pilot, plan, planning, plans,"
        "playground, policy, positive, poster, posters, power, practice, practices, preschool, president, principal, principals,"
        "printer, professional, program, project, projector, proposal, protocol, public, purchase, purchasing, quarter, quarterly,"
        "radio, radios, readiness, reading, recess, recruitment, referral, referrals, reform, regional, registration, release,"
        "report, reports, request, resource, resources, response, restorative, restroom, review, room, rooms, roster, rosters,"
        "round, rubric, rule, rules, safety, saturday, schedule, schedules, scheduling, scholarship, school, schools, science,"
        "score, screen, screener, screeners, screening, screens, seating, secretary, section, security, semester, senior, september,"
        "service, services, session, sheet, shelter, sink, site, snow, social, software, south, spanish, speaker, special,"
        "specials, speech, spring, square, staff, staffing, standards, state, step, stipend, stipends, street, strategic, student,"
        "students, studies, study, sub, subs, substitute, substitutes, summer, sunday, superintendent, supervisor, supplies, supply,"
        "support, supports, survey, surveys, system, table, tables, tablet, talent, teacher, teachers, teaching, team, teams, technology,"
        "template, test, testing, tests, thermostat, thursday, ticket, tier, time, timeline, title, toilet, town, track, training,"
        "trainings, transportation, travel, truck, trust, tuesday, tutor, tutoring, union, unit, university, upload, vendor, vision,"
        "voice, volunteer, wednesday, week, weekly, west, wifi, window, windows, wing, winter, woods, words, workshop, year, youth,"
        "zone, zones, labs, lab, lion, eagle, eagles, tigers, hawks, bulldogs, regulation, regulations, survey, celebration, night,"
        # places, feasts, makers and products that schools talk about
        "america, american, michigan, detroit, lansing, ohio, indiana, illinois, wisconsin, minnesota, chicago, texas, florida,"
        "california, washington, york, jersey, canada, mexico, europe, christmas, easter, diwali, ramadan, hanukkah, kwanzaa,"
        "veterans, presidents, luther, king, columbus, juneteenth, arabic, french, german, latin, google, microsoft, apple, amazon,"
        "facebook, instagram, tiktok, youtube, twitter, zoom, slack, excel, gmail, canva, canvas, clever, dell, epson,"
        "lenovo, promethean, smartboard, smartboards, xerox, canon, verizon, comcast, walmart, staples, scholastic, pearson, mcgraw,"
        "hill, houghton, mifflin, harcourt, savvas, amplify, heggerty, lexia, eureka, bridges, wonders, fundations, illustrative,"
        "zearn, desmos, freckle, seesaw, schoology, skyward, powerschool, synergy, aeries, illuminate, infinite, panorama, renaissance,"
        "dibels, acadience, fastbridge, aimsweb, easycbm, branching, minds, kahoot, classdojo, dojo, remind, parentsquare, edpuzzle,"
        "newsela, nearpod, quizlet, imagine, dreambox, reflex, orton, gillingham, fountas, pinnell, calkins, saxon, zaner, bloser,"
        "conscious, handle, medicaid, magnet, montessori, kagan, marzano, chrome, ipad, ipads, android, adobe, outlook, onedrive, drive,"
        "docs, sheets, slides, forms, meet, webex, raptor, securly, goguardian, gaggle, bark, frontline, aesop, kelly services"
    )
)
"""Capitalised words that are nobody's name; where they are somebody's (May, King), other rules must see it."""

ALSO_SURNAMES: Final = frozenset(
    _listed(
        "washington, jersey, york, luther, king, columbus, hill, houghton, mifflin, pearson, bridges, saxon, woods, west,"
        "north, house, law, marsh, english, french, german, coach, parks, day, long, may, march, april, august, summer,"
        "winter, field, street, page, read, price, rose, young, small, brown, green, gray, black, white, wood, stone, banks,"
        "brooks, rivers, lake, love, best, bush, cook, fisher, hunter, knight, mason, miles, nash, pace, post, reed, rice,"
        "rich, ford, grant, dean, glass, holiday, frost, snow, church, bell, ball, barber, carpenter, carter, cross, duke"
    )
)
"""Of those that may also be a family name, where a first name stands before them."""

ACRONYMS: Final = frozenset(
    _listed("pe, it, hr, el, ell, pd, ot, pt, ge, se, ap, ib, tv, pc, ac, hs, ms, es, pk, tk, ct, mi, us, uk, ok, am, pm, po, co,"
            "id, ed, sw, gt, la, ss, cc, ta, tc, ii, iv, vi, ix, dc, nj, ny, oh, wi, il, mn, tx, ca, rm, gr, vp, qr, ai, ad")
)  # fmt: skip
ABBREVIATED: Final = frozenset(_listed("mr, mrs, ms, dr, st, gr, rm, jr, sr, vs, etc, no, ext, approx, dept, prof"))
MONTHS: Final = frozenset(
    _listed("january, february, march, april, may, june, july, august, september, october, november, december, jan, feb, mar,"
            "apr, jun, jul, aug, sep, sept, oct, nov, dec")
)  # fmt: skip
ORDINALS: Final = _listed(
    "first, second, third, fourth, fifth, sixth, seventh, eighth, ninth, tenth, eleventh, twelfth"
)
PLACES: Final = frozenset(_listed("room, rm, gr, grade, period, hour, homeroom, pd, cr"))
AFTER_ORDINAL: Final = MappingProxyType(
    {"grade": "g", "gr": "g", "hour": "g", "period": "g", "block": "g", "grader": "k", "graders": "S"}
)
NO_NAME_ENDS_SO: Final = ("ing", "tion", "tions", "sion", "ment", "ments", "ness", "ology", "ware", "board", "boards")

LEXICON: Final[Mapping[str, str]] = MappingProxyType(
    {word: letter for letter in reversed(tuple(LETTERS)) for word in LETTERS[letter]}
)
LONGEST: Final = max(len(word.split()) for word in LEXICON)
BEGINS: Final = frozenset(word.split()[0] for word in LEXICON if " " in word)

THINGS: Final = frozenset(LETTERS["M"])
"""After "student", "parent" or "IEP" they make it about nobody: "student handbook", "parent night"."""
