"""Routes of videos: the wall, a video, selections, collections and the bin."""

from django.urls import path

from wanstudio.videos.views import bin_pages, collection_pages, selection, video_page, wall_page

urlpatterns = [
    path("uploads/<int:pk>/restore/", bin_pages.restore_upload, name="binned.restore_upload"),
    path("uploads/<int:pk>/erase/", bin_pages.erase_upload, name="binned.erase_upload"),
    path("videos/", wall_page.index, name="videos.index"),
    path("videos/selected/tag/", selection.tag, name="selection.tag"),
    path("videos/selected/collect/", selection.collect, name="selection.collect"),
    path("videos/selected/bin/", selection.put_into_bin, name="selection.bin"),
    path("videos/selected/zip/", selection.download, name="selection.zip"),
    path("videos/bin/", bin_pages.index, name="binned.index"),
    path("videos/<int:pk>/tag/", video_page.tag, name="filing.tag"),
    path("videos/<int:pk>/collect/", video_page.collect, name="filing.collect"),
    path("videos/<int:pk>/bin/", bin_pages.add, name="binned.add"),
    path("videos/<int:pk>/restore/", bin_pages.restore, name="binned.restore"),
    path("videos/<int:pk>/erase/", bin_pages.erase, name="binned.erase"),
    path("videos/<int:pk>/", video_page.show, name="videos.show"),
    path("videos/<int:pk>/favourite/", video_page.favourite, name="videos.favourite"),
    path("videos/<int:pk>/file", video_page.file, name="videos.file"),
    path("videos/<int:pk>/poster", video_page.poster, name="videos.poster"),
    path("collections/", collection_pages.index, name="collections.index"),
    path("collections/add/", collection_pages.add, name="collections.add"),
    path("collections/<int:pk>/edit/", collection_pages.edit, name="collections.edit"),
    path("collections/<int:pk>/move/", collection_pages.move, name="collections.move"),
    path("collections/<int:pk>/delete/", collection_pages.delete, name="collections.delete"),
]
