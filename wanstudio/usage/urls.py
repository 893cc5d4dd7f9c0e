"""Routes of the usage page and its files."""

from django.urls import path

from wanstudio.usage import views

urlpatterns = [
    path("usage/", views.show, name="usage.show"),
    path("usage/ledger.csv", views.ledger, name="usage.ledger"),
    path("usage/usage.csv", views.export, name="usage.export"),
]
