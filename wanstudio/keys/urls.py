"""Routes of the settings page and of the provider's key."""

from django.urls import path

from wanstudio.keys import views

urlpatterns = [
    path("settings/", views.settings, name="settings.show"),
    path("settings/sending/", views.sending, name="settings.sending"),
    path("settings/key/", views.key, name="keys.show"),
    path("settings/key/remove/", views.remove_key, name="keys.remove"),
    path("settings/key/drop/", views.drop_key, name="keys.drop"),
    path("settings/balance/", views.balance, name="settings.balance"),
]
