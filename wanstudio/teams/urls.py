"""Addresses of the team, its people, invitations and the first run."""

from django.urls import path

from wanstudio.teams.views import invitations, members, second_factor, setup_page, team_page

urlpatterns = [
    path("team/", team_page.show, name="team.show"),
    path("team/new/", team_page.new, name="team.new"),
    path("team/switch/", team_page.switch, name="team.switch"),
    path("team/rename/", team_page.rename, name="team.rename"),
    path("team/security/", second_factor.ask, name="team.security"),
    path("team/people/<int:pk>/role/", members.role, name="people.role"),
    path("team/people/<int:pk>/remove/", members.remove, name="people.remove"),
    path("team/people/<int:pk>/owner/", members.owner, name="people.owner"),
    path("team/invitations/", invitations.create, name="invitations.create"),
    path("team/invitations/<int:pk>/revoke/", invitations.take_back, name="invitations.revoke"),
    path("invite/<str:token>/", invitations.show, name="invitations.show"),
    path("account/second-factor/", second_factor.show, name="account.second_factor"),
    path("setup/", setup_page.setup, name="setup"),
]
