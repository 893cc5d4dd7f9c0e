"""Addresses of the activity."""

from django.urls import path

from wanstudio.activity import views

urlpatterns = [
    path("activity/", views.show, name="activity.show"),
    path("activity/activity.csv", views.export, name="activity.export"),
]
