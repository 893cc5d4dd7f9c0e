"""Routes of the API and of its tokens' pages."""

from django.urls import path

from wanstudio.api import endpoints, views

urlpatterns = [
    path("account/tokens/", views.index, name="tokens.index"),
    path("account/tokens/<int:pk>/revoke/", views.revoke, name="tokens.revoke"),
    path("api/", views.guide, name="tokens.guide"),
    path("api/v1/", endpoints.api.urls),
    path("api/v1/<path:rest>", endpoints.nothing_here, name="api.nothing"),
]
