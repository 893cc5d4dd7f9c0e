"""Referenced files: those that rows name, whatever the model."""

from collections.abc import Iterator

from django.apps import apps
from django.db import models


def file_fields() -> Iterator[tuple[type[models.Model], models.FileField]]:
    for model in apps.get_app_config("wanstudio").get_models():
        for field in model._meta.concrete_fields:
            if isinstance(field, models.FileField):
                yield model, field


def names() -> set[str]:
    """The name in the storage of every file that a row names right now."""
    found: set[str] = set()
    for model, field in file_fields():
        rows = model._default_manager.exclude(**{field.name: ""})
        found |= {str(name) for name in rows.values_list(field.name, flat=True).iterator() if name}
    return found
