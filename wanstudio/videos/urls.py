"""Routes of videos: the wall, a video, selections, collections and the bin."""

from django.urls import path

from wanstudio.videos.views import library_lists, source_page, video_page, wall_page

urlpatterns = [
    path("uploads/<int:pk>/", source_page.show, name="uploads.show"),
    path("uploads/<int:pk>/restore/", library_lists.restore_upload, name="binned.restore_upload"),
    path("uploads/<int:pk>/erase/", library_lists.erase_upload, name="binned.erase_upload"),
    path("videos/", wall_page.index, name="videos.index"),
    path("videos/selected/tag/", wall_page.tag, name="selection.tag"),
    path("videos/selected/collect/", wall_page.collect, name="selection.collect"),
    path("videos/selected/bin/", wall_page.put_into_bin, name="selection.bin"),
    path("videos/selected/compare/", video_page.compare, name="selection.compare"),
    path("videos/selected/zip/", wall_page.download, name="selection.zip"),
    path("videos/bin/", library_lists.bin_page, name="binned.index"),
    path("videos/<int:pk>/tag/", video_page.tag, name="filing.tag"),
    path("videos/<int:pk>/collect/", video_page.collect, name="filing.collect"),
    path("videos/<int:pk>/bin/", library_lists.put_into_bin, name="binned.add"),
    path("videos/<int:pk>/restore/", library_lists.restore, name="binned.restore"),
    path("videos/<int:pk>/erase/", library_lists.erase, name="binned.erase"),
    path("videos/<int:pk>/", video_page.show, name="videos.show"),
    path("videos/<int:pk>/favourite/", video_page.favourite, name="videos.favourite"),
    path("videos/<int:pk>/file", video_page.file, name="videos.file"),
    path("videos/<int:pk>/poster", video_page.poster, name="videos.poster"),
    path("collections/", library_lists.collections, name="collections.index"),
    path("collections/add/", library_lists.add_collection, name="collections.add"),
    path("collections/<int:pk>/edit/", library_lists.edit_collection, name="collections.edit"),
    path("collections/<int:pk>/move/", library_lists.move_collection, name="collections.move"),
    path("collections/<int:pk>/delete/", library_lists.delete_collection, name="collections.delete"),
]
