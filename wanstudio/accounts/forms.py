"""Forms of a person's own account: name and address."""

from django import forms


class NameField(forms.CharField):
    """A name on one line, with single spaces."""

    def to_python(self, value: object) -> str:
        return " ".join(str(super().to_python(value)).split())


class LowerEmailField(forms.EmailField):
    def to_python(self, value: object) -> str:
        return str(super().to_python(value)).lower()


class NameForm(forms.Form):
    name = NameField(label="Your name", max_length=100)


class EmailForm(forms.Form):
    email = LowerEmailField(label="New email", max_length=254)
