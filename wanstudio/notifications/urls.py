"""Routes of notifications: the bell, its list, mail choices, and the webhook."""

from django.urls import path

from wanstudio.notifications.views import notification_pages, webhook_settings

urlpatterns = [
    path("notifications/", notification_pages.index, name="notifications.index"),
    path("notifications/bell/", notification_pages.bell, name="notifications.bell"),
    path("notifications/read/", notification_pages.read, name="notifications.read"),
    path("notifications/<int:pk>/", notification_pages.follow, name="notifications.follow"),
    path("account/notifications/", notification_pages.choices, name="notifications.choices"),
    path("unsubscribe/<str:token>/", notification_pages.unsubscribe, name="unsubscribe"),
    path("settings/webhook/", webhook_settings.show, name="webhook.show"),
    path("settings/webhook/save/", webhook_settings.save, name="webhook.save"),
    path("settings/webhook/rotate/", webhook_settings.rotate, name="webhook.rotate"),
    path("settings/webhook/remove/", webhook_settings.remove, name="webhook.remove"),
    path("settings/webhook/test/", webhook_settings.test, name="webhook.test"),
    path("settings/webhook/<int:pk>/again/", webhook_settings.redeliver, name="webhook.redeliver"),
]
