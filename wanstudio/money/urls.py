"""Routes of the caps."""

from django.urls import path

from wanstudio.money import views

urlpatterns = [path("usage/caps/", views.save, name="caps.save")]
