"""The time zones of calendars, read by another library than the one that writes them."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import icalendar
import pytest
import vobject
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers import zones

ZONES = (
    "America/Detroit", "America/Chicago", "America/Phoenix", "America/Anchorage", "Pacific/Honolulu", "Europe/Berlin",
    "Asia/Kolkata", "Australia/Adelaide", "America/Puerto_Rico", "America/Indiana/Indianapolis",
)  # fmt: skip


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(ZONES), st.datetimes(datetime(2026, 1, 1), datetime(2030, 12, 31)))  # noqa: DTZ001  # wall clocks
def test_another_reader_finds_the_same_instant(name: str, wall: datetime) -> None:
    zone = ZoneInfo(name)
    local = wall.replace(tzinfo=zone, second=0, microsecond=0)
    if local.astimezone(UTC).astimezone(zone) != local or local.replace(fold=1).utcoffset() != local.utcoffset():
        return  # an hour that is not there, or is there twice
    calendar = icalendar.Calendar()
    component = zones.timezone(zone, 2025)
    assert component is not None
    calendar.add_component(component)
    event = icalendar.Event()
    event.add("uid", "1")
    event.add("dtstart", local)
    calendar.add_component(event)
    read = vobject.readOne(calendar.to_ical().decode()).vevent.dtstart.value
    assert read.utcoffset() == local.utcoffset()
    assert read.astimezone(UTC) == local.astimezone(UTC)


@pytest.mark.parametrize("name", ZONES)
def test_a_zone_has_the_rule_of_each_change_and_no_list(name: str) -> None:
    component = zones.timezone(ZoneInfo(name), 2025)
    assert component is not None
    text = component.to_ical().decode()
    changes = (
        datetime(2026, 1, 1, tzinfo=ZoneInfo(name)).utcoffset()
        != datetime(2026, 7, 1, tzinfo=ZoneInfo(name)).utcoffset()
    )
    assert ("RRULE" in text) is changes
    assert "RDATE" not in text
