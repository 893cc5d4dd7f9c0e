"""Ledger entries that a person may see."""

from django.http import HttpRequest

from wanstudio.money.models import Entries, Entry
from wanstudio.teams.access import in_my_teams, may, person
from wanstudio.teams.models import Team
from wanstudio.teams.roles import Act


def visible_entries(request: HttpRequest, team: Team) -> Entries:
    """The ledger of this team: everybody's for those who may see it, else one's own. Without the sandbox's."""
    rows = Entry.objects.filter(in_my_teams(request, "team__"), team=team).billed()
    return rows if may(request, team, Act.SPENDING) else rows.filter(person=person(request))
