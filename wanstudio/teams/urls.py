"""Addresses of the team, its people, invitations and the first run."""

from django.urls import path

from wanstudio.teams.views import company, invitations, members

urlpatterns = [
    path("team/", members.show, name="team.show"),
    path("team/new/", members.new, name="team.new"),
    path("team/switch/", members.switch, name="team.switch"),
    path("team/rename/", members.rename, name="team.rename"),
    path("team/security/", members.ask, name="team.security"),
    path("team/people/<int:pk>/role/", members.role, name="people.role"),
    path("team/people/<int:pk>/remove/", members.remove, name="people.remove"),
    path("team/people/<int:pk>/opened/", members.opened, name="people.opened"),
    path("team/people/<int:pk>/owner/", members.owner, name="people.owner"),
    path("team/invitations/", invitations.create, name="invitations.create"),
    path("team/invitations/<int:pk>/revoke/", invitations.take_back, name="invitations.revoke"),
    path("invite/<str:token>/", invitations.show, name="invitations.show"),
    path("account/second-factor/", members.second_factor, name="account.second_factor"),
    path("accounts/company/", company.begin, name="company.begin"),
    path("accounts/company/callback/", company.callback, name="company.callback"),
    path("setup/", invitations.setup, name="setup"),
]
