"""Notifications of a person, in the teams that they may enter."""

from django.http import HttpRequest

from wanstudio.notifications.models import Notification, Notifications
from wanstudio.teams.access import is_open_to, person


def own_notifications(request: HttpRequest) -> Notifications:
    """Only of the teams that this person may enter: a notification quotes what is said there."""
    return Notification.objects.for_person(person(request)).filter(is_open_to(person(request), "team__"))
