"""How a code reads: the words of every role, and the capitals of the short forms that schools use."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

ROLES: Final[Mapping[str, str]] = MappingProxyType(
    {
        # The district's office
        "superintendent": "Superintendent",
        "deputy_superintendent": "Deputy superintendent",
        "associate_superintendent": "Associate superintendent",
        "assistant_superintendent": "Assistant superintendent",
        "assistant_superintendent_instruction": "Assistant superintendent for instruction",
        "chief_academic_officer": "Chief academic officer",
        "chief_financial_officer": "Chief financial officer",
        "chief_operations_officer": "Chief operations officer",
        "director_business_finance": "Director of business and finance",
        "director_curriculum_instruction": "Director of curriculum and instruction",
        "director_human_resources": "Director of human resources",
        "director_operations_transportation": "Director of operations and transportation",
        "director_special_education": "Director of special education",
        "director_special_services": "Director of special services",
        "director_state_federal_programs": "Director of state and federal programs",
        "director_student_services": "Director of student services",
        "director_teaching_learning": "Director of teaching and learning",
        "director_technology_data": "Director of technology and data",
        "district_coordinator": "District coordinator",
        "mtss_coordinator": "MTSS coordinator",
        "pbis_coordinator": "PBIS coordinator",
        "communications_specialist": "Communications specialist",
        "data_specialist": "Data specialist",
        "executive_assistant": "Executive assistant",
        "dit_member": "DIT member",
        "dit_liaison": "DIT liaison",
        "it_specialist": "IT specialist",
        "hr_specialist": "HR specialist",
        # The schools
        "principal": "Principal",
        "assistant_principal": "Assistant principal",
        "dean_of_students": "Dean of students",
        "school_coach": "School coach",
        "instructional_coach": "Instructional coach",
        "slt_member": "School leadership team member",
        "teacher": "Teacher",
        "special_education_teacher": "Special education teacher",
        "ell_teacher": "ELL teacher",
        "substitute_teacher": "Substitute teacher",
        "interventionist": "Interventionist",
        "paraprofessional": "Paraprofessional",
        "counselor": "Counselor",
        "school_psychologist": "School psychologist",
        "social_worker": "Social worker",
        "speech_language_pathologist": "Speech-language pathologist",
        "school_nurse": "School nurse",
        "librarian": "Librarian",
        "secretary": "Secretary",
        "custodian": "Custodian",
        "staff": "Staff",
        # Outside the district
        "isd_consultant": "ISD consultant",
        "implementation_facilitator": "Implementation facilitator",
        "implementation_specialist": "Implementation specialist",
        "family_representative": "Family representative",
        "community_partner": "Community partner",
        "board_member": "Board member",
    }
)
"""The roles that Clearway has words for. A district may have others: they are shown as it writes them."""

SHORT_FORMS: Final = frozenset(
    {"csi", "dca", "dit", "ell", "esa", "esl", "hr", "iep", "isd", "it", "mtss", "pbis", "resa", "sel", "slt", "ta"}
)  # fmt: skip
"""Written in capitals wherever they stand in a code."""

_CODE: Final = re.compile(r"[a-z0-9]+(?:_[a-z0-9]+)*")


VENUES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "admin": "Administrative team",
        "coach_check_in": "Coach check-in",
        "if_call": "Call with the implementation facilitator",
        "sup_check_in": "Superintendent check-in",
    }
)
"""Where challenges are discussed beside the meetings of teams: the codes whose words do not say it."""


def of_role(code: str) -> str:
    """The words of a role: ours where we have them, else the district's own as it writes them."""
    return ROLES.get(code) or (of_code(code) if _CODE.fullmatch(code) else code)


def of_code(code: str) -> str:
    """A code in words: "data_systems" is "Data systems", "isd_support" is "ISD support"."""
    if code in VENUES:
        return VENUES[code]
    words = " ".join(word.upper() if word in SHORT_FORMS else word for word in code.split("_"))
    return words[:1].upper() + words[1:]
