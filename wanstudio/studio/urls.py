"""Routes of the studio: its page and price, the slots that uploads answer with, and the click on Generate."""

from django.urls import path

from wanstudio.studio.views import studio_page, upload_slots

urlpatterns = [
    path("", studio_page.index, name="studio.index"),
    path("price/", studio_page.price, name="studio.price"),
    path("jobs/", studio_page.generate, name="jobs.index"),
    path("uploads/add/", upload_slots.add, name="uploads.add"),
    path("uploads/sample/", upload_slots.use_samples, name="uploads.sample"),
    path("uploads/<int:pk>/copy/", upload_slots.bring_in, name="uploads.copy"),
    path("uploads/<int:pk>/slot/", upload_slots.show, name="uploads.slot"),
]
