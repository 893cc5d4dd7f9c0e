"""Routes of uploads. Those that answer with a slot of the studio are the studio's; the bin is the videos'."""

from django.urls import path

from wanstudio.uploads import views

urlpatterns = [
    path("uploads/", views.index, name="uploads.index"),
    path("uploads/<int:pk>/delete/", views.delete, name="uploads.delete"),
    path("uploads/<int:pk>/file", views.file, name="uploads.file"),
    path("uploads/<int:pk>/poster", views.file, {"which": "poster"}, name="uploads.poster"),
    path("files/<str:signed>/<str:name>", views.signed_file, name="files.show"),
]
