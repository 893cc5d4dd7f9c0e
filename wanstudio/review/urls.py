"""Routes of the review: its panel, decisions and comments."""

from django.urls import path

from wanstudio.review import views

urlpatterns = [
    path("videos/<int:pk>/review/", views.show, name="review.show"),
    path("videos/<int:pk>/verdict/", views.decide, name="review.decide"),
    path("videos/<int:pk>/comments/", views.add, name="comments.add"),
    *(
        path(f"videos/<int:pk>/markers.{kind}", views.markers, {"kind": kind}, name=f"markers.{kind}")
        for kind in ("csv", "edl", "fcpxml")
    ),
    path("comments/<int:pk>/edit/", views.edit, name="comments.edit"),
    path("comments/<int:pk>/delete/", views.delete, name="comments.delete"),
    path("comments/<int:pk>/resolve/", views.resolve, name="comments.resolve"),
]
