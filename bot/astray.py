"""Told at the start: a platform that belongs to no district of this server, where nobody could be heard."""

from collections.abc import Awaitable, Callable, Sequence

import structlog

from storage import registrations
from storage.database import Database
from storage.vocabulary import Platform

log = structlog.get_logger()


def slack_warning(database: Database) -> Callable[[Sequence[str]], Awaitable[None]]:
    """What to do with the ids (workspace, organization) by which Slack knows us."""

    async def warn(workspace_ids: Sequence[str]) -> None:
        await _warn(
            database,
            "slack.no_district",
            Platform.SLACK,
            workspace_ids,
            "The Slack token belongs to the workspace {there}, which the file of no district names: nobody there can be "
            "heard. Is it the right workspace? Then put `slack: {{workspace_id: {there}}}` into district.platforms of the "
            "file and import it. If not, set SLACK_BOT_TOKEN to the token of the other one.",
        )

    return warn


async def warn_of_teams(database: Database, tenant_id: str) -> None:
    await _warn(
        database,
        "teams.no_district",
        Platform.TEAMS,
        [tenant_id],
        "The Teams app is registered for the tenant {there}, which the file of no district names: nobody there can be "
        "heard. Is it the right tenant? Then put `teams: {{tenant_id: {there}}}` into district.platforms of the file "
        "and import it.",
    )


async def _warn(database: Database, event: str, platform: Platform, workspace_ids: Sequence[str], says: str) -> None:
    async with database.queue(write=False) as connection:
        districts = await registrations.district_ids(connection)
        for each in filter(None, workspace_ids):
            if await registrations.admitted(connection, platform, each):
                return
    if districts:
        log.warning(event, workspace=workspace_ids[0], says=says.format(there=workspace_ids[0]))


async def warn_of_none(database: Database) -> None:
    """No district at all."""
    async with database.queue(write=False) as connection:
        districts = await registrations.district_ids(connection)
    if not districts:
        log.warning(
            "no_district",
            says="No district has been imported into this database, so nobody can be heard: run `clearway district "
            "import FILE`, with the same settings and in the same directory. Clearway may keep running.",
        )
