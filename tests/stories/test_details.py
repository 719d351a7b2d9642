"""What is added later makes the same entry as what was in the form from the start."""

import pytest

from storage.database import Database
from storage.vocabulary import Origin, Scope, Status
from tests.world import world

WORDS = "No substitutes for training days at our school."
WHERE = "Where may the power to remove it sit?"


@pytest.mark.parametrize(
    ("where", "status", "origin"),
    [
        pytest.param("In our school", Status.WITH_SCHOOL, Origin.INTERNAL, id="the school first, and no clock runs"),
        pytest.param("Outside the district", Status.REPORTED, Origin.EXTERNAL, id="from outside"),
    ],
)
async def test_details_of_a_message_come_out_as_the_form_does(
    database: Database, where: str, status: Status, origin: Origin
) -> None:
    async with world(database, "slack") as story:
        teacher = await story.person("p-023")
        await teacher.report(WORDS, values={"Type": "Staffing", WHERE: where})
        await teacher.dm(WORDS)
        await teacher.click("Add details")
        await teacher.submit({"Type": "Staffing", WHERE: where})
        form, message = [(await story.case(n)).challenge for n in (1, 2)]
        for each in (form, message):
            assert (each.status, each.origin) == (status, origin)
            assert (each.dit_aware_at is None) == (status is Status.WITH_SCHOOL)
        assert form.owner_id == message.owner_id


async def test_where_it_comes_from_is_settled_at_triage(database: Database) -> None:
    async with world(database, "slack") as story:
        teacher, coordinator = await story.person("p-023"), await story.person("p-010")
        await teacher.dm(WORDS)
        await coordinator.click("Sort it")
        await coordinator.submit(
            {
                "Type": "Staffing",
                WHERE: "In the district",
                "Where does it come from?": "Outside it: the state, the ISD, a vendor, the law",
            }
        )
        challenge = (await story.case()).challenge
        assert (challenge.scope, challenge.origin) == (Scope.DISTRICT, Origin.EXTERNAL)


async def test_a_long_message_can_be_given_details(database: Database) -> None:
    async with world(database, "slack") as story:
        teacher = await story.person("p-023")
        long = " ".join([WORDS] * 80)
        assert len(long) > 3000
        await teacher.dm(long)
        await teacher.click("Add details")
        await teacher.submit({"Type": "Staffing", WHERE: "In the district"})
        case = await story.case()
        assert (case.challenge.type, case.title) == ("staffing", long)
