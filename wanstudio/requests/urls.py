"""Routes of spend requests."""

from django.urls import path

from wanstudio.requests import views

urlpatterns = [
    path("spending/<int:pk>/", views.show, name="requests.show"),
    path("spending/<int:pk>/decide/", views.decide, name="requests.decide"),
    path("spending/by-mail/<str:token>/", views.by_mail, name="requests.by_mail"),
]
