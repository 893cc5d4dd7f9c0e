"""The rule that a team may ask for a second factor."""

from typing import TYPE_CHECKING

from wanstudio.accounts.models import User
from wanstudio.accounts.second_factor import factors
from wanstudio.teams.models import Team

if TYPE_CHECKING:
    pass


def may_enter(who: User, team: Team) -> bool:
    """Whether nothing of the team is closed to this member for want of a second factor."""
    return not team.needs_second_factor or factors(who).exists()
