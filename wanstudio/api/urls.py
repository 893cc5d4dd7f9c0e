"""Routes of the API and of its tokens' pages."""

from django.urls import path

from wanstudio.api import endpoints, piece_uploads, views

urlpatterns = [
    path("account/tokens/", views.index, name="tokens.index"),
    path("account/tokens/<int:pk>/revoke/", views.revoke, name="tokens.revoke"),
    path("api/", views.guide, name="tokens.guide"),
    path("api/v1/uploads/parts/", piece_uploads.parts, name="api.parts"),
    path("api/v1/uploads/parts/<uuid:pk>/", piece_uploads.part, name="api.part"),
    path("api/v1/", endpoints.api.urls),
    path("api/v1/<path:rest>", endpoints.nothing_here, name="api.nothing"),
]
