"""Routes of sharing: the dialog of links, and the pages of guests."""

from django.urls import path

from wanstudio.sharing.views import link_dialog, shared_pages

urlpatterns = [
    path("videos/<int:pk>/share/", link_dialog.video, name="shares.video"),
    path("collections/<int:pk>/share/", link_dialog.collection, name="shares.collection"),
    path("shares/<int:pk>/edit/", link_dialog.edit, name="shares.edit"),
    path("shares/<int:pk>/revoke/", link_dialog.revoke, name="shares.revoke"),
    # Guest access: the token says what can be seen, see queries.py
    path("s/<str:token>/", shared_pages.show, name="shared.show"),
    path("s/<str:token>/password/", shared_pages.unlock, name="shared.unlock"),
    path("s/<str:token>/videos/<int:pk>/", shared_pages.video, name="shared.video"),
    path("s/<str:token>/videos/<int:pk>/review/", shared_pages.comments, name="shared.comments"),
    path("s/<str:token>/videos/<int:pk>/comments/", shared_pages.comment, name="shared.comment"),
    path("s/<str:token>/videos/<int:pk>/file", shared_pages.file, name="shared.file"),
    path("s/<str:token>/videos/<int:pk>/poster", shared_pages.poster, name="shared.poster"),
    path("robots.txt", shared_pages.robots, name="shared.robots"),
]
