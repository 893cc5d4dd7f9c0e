"""Routes of notifications: the bell, its list, mail choices, and the webhook."""

from django.urls import path

from wanstudio.notifications import views

urlpatterns = [
    path("notifications/", views.index, name="notifications.index"),
    path("notifications/bell/", views.bell, name="notifications.bell"),
    path("notifications/read/", views.read, name="notifications.read"),
    path("notifications/<int:pk>/", views.follow, name="notifications.follow"),
    path("account/notifications/", views.choices, name="notifications.choices"),
    path("account/notifications/push/", views.add_push, name="push.add"),
    path("account/notifications/push/key/", views.push_key, name="push.key"),
    path("account/notifications/push/remove/", views.remove_push, name="push.remove"),
    path("unsubscribe/<str:token>/", views.unsubscribe, name="unsubscribe"),
    path("settings/webhook/", views.webhook, name="webhook.show"),
    path("settings/webhook/save/", views.save_webhook, name="webhook.save"),
    path("settings/webhook/rotate/", views.rotate_webhook, name="webhook.rotate"),
    path("settings/webhook/remove/", views.remove_webhook, name="webhook.remove"),
    path("settings/webhook/test/", views.test_webhook, name="webhook.test"),
    path("settings/webhook/<int:pk>/again/", views.redeliver, name="webhook.redeliver"),
]
