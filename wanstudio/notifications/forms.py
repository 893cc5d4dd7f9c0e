"""Address of a team's webhook."""

from django import forms

from wanstudio.web.addresses import webhook_refusal


class WebhookForm(forms.Form):
    url = forms.CharField(max_length=1000, label="Address")

    def clean_url(self) -> str:
        url: str = self.cleaned_data["url"].strip()
        if refusal := webhook_refusal(url):
            raise forms.ValidationError(refusal)
        return url
