"""Routes of the review: its panel, decisions and comments."""

from django.urls import path

from wanstudio.review.views import comment_forms, review_panel

urlpatterns = [
    path("videos/<int:pk>/review/", review_panel.show, name="review.show"),
    path("videos/<int:pk>/verdict/", review_panel.decide, name="review.decide"),
    path("videos/<int:pk>/comments/", comment_forms.add, name="comments.add"),
    path("comments/<int:pk>/edit/", comment_forms.edit, name="comments.edit"),
    path("comments/<int:pk>/delete/", comment_forms.delete, name="comments.delete"),
    path("comments/<int:pk>/resolve/", comment_forms.resolve, name="comments.resolve"),
]
