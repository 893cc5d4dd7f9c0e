"""Routes of uploads. Those that answer with a slot of the studio are the studio's; the bin is the videos'."""

from django.urls import path

from wanstudio.uploads.views import bucket_button, part_uploads, scanned_frames, upload_pages

urlpatterns = [
    path("uploads/", upload_pages.index, name="uploads.index"),
    path("uploads/<int:pk>/rename/", upload_pages.rename, name="uploads.rename"),
    path("uploads/<int:pk>/delete/", upload_pages.delete, name="uploads.delete"),
    path("uploads/<int:pk>/file", upload_pages.file, name="uploads.file"),
    path("uploads/<int:pk>/poster", upload_pages.file, {"which": "poster"}, name="uploads.poster"),
    path("uploads/<int:pk>/frames/", scanned_frames.found, name="uploads.frames"),
    path("uploads/<int:pk>/strip", scanned_frames.strip, name="uploads.strip"),
    path("uploads/known/", part_uploads.known, name="uploads.known"),
    path("uploads/parts/", part_uploads.parts, name="uploads.parts"),
    path("uploads/parts/<uuid:pk>/", part_uploads.part, name="uploads.part"),
    path("uploads/<int:pk>/preview", upload_pages.file, {"which": "preview"}, name="uploads.preview"),
    path("settings/bucket/check/", bucket_button.check, name="bucket.check"),
    path("files/<str:signed>/<str:name>", upload_pages.signed_file, name="files.show"),
]
