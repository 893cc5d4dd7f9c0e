"""The list of providers: one line each."""

from dataclasses import replace

from .apixo.description import APIXO
from .base import Model, Provider
from .sandbox import SANDBOX

# Videos are made by the first that has a key.
BILLED: tuple[Provider, ...] = (APIXO,)
# The replacement while none has a key.
STAND_IN: Provider = SANDBOX
PROVIDERS: dict[str, Provider] = {provider.name: provider for provider in (*BILLED, STAND_IN)}


def get(name: str) -> Provider:
    """The provider of a row. Raises KeyError for one that is no longer registered."""
    return PROVIDERS[name]


def model_of(provider: Provider, model_id: str) -> Model:
    """The description of this model; an id that has none is taken for one like the provider's first."""
    found = (model for model in provider.models if model.id == model_id)
    return next(found, replace(provider.models[0], id=model_id))


def named(sentence: str, provider: str) -> str:
    """The sentence with the provider's {name}, {Name} at the beginning of a sentence, and its {key} filled in."""
    this = get(provider)
    return sentence.format(name=this.display_name, Name=this.opening_name, key=this.key_name)
