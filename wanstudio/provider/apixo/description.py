"""APIXO as a provider. Source: its page for Wan 2.2 Animate.

A resolution is one line of the table below; forms, price card, filters, the API's schema, the default of APIXO_PRICES
and the sandbox take it from here.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from wanstudio.provider.base import Account, BillingLimits, Explanation, Failure, InputLimits, Model, Polling
from wanstudio.provider.calls import GenerateRequest
from wanstudio.provider.prices import Price, Resolution

from .client import ApixoClient
from .failure_words import explain
from .messages import as_curl, carried_task_id, generate_path

FIRST_PRICES = date(2026, 1, 1)

WAN_2_2_ANIMATE = Model(
    id="wan-2-2-animate",
    behaviours=("animate", "replace"),
    resolutions=(
        Resolution("480p", (Price(FIRST_PRICES, Decimal("0.04")),)),
        Resolution("720p", (Price(FIRST_PRICES, Decimal("0.08")),)),
    ),
    billing=BillingLimits(min_s=5, max_s=120),
    inputs=InputLimits(
        image_formats=("JPEG", "PNG", "WebP"),
        image_max_bytes=10 * 1024 * 1024,
        motion_formats=("MP4", "MOV", "M4V"),
        max_seed=2**31 - 1,
    ),
    polling=Polling(
        first=(60, 60),
        next=(5.5, 10),
        long_first=(120, 120),
        long_next=(10, 12),
        callback_first=(120, 135),
        callback_next=(60, 70),
        long_motion_s=60,
    ),
)


@dataclass(frozen=True)
class Apixo:
    """Whatever speaks APIXO's contract: APIXO itself, and the sandbox under names of its own."""

    name: str = "apixo"
    display_name: str = "APIXO"
    key_name: str = "APIXO key"
    hook: str = "apixo"
    site: str = "https://apixo.ai/"
    base_url: str = "https://api.apixo.ai/api/v1"
    pace: float = 1.0
    read_timeout_s: float = 60.0
    models: tuple[Model, ...] = (WAN_2_2_ANIMATE,)

    @property
    def opening_name(self) -> str:
        return self.display_name[:1].upper() + self.display_name[1:]

    def variable(self, name: str) -> str:
        return f"APIXO_{name}"

    def client(self, account: Account) -> ApixoClient:
        return ApixoClient(account)

    def task_named_in(self, callback: bytes) -> str:
        return carried_task_id(callback)

    def explain(self, failure: Failure) -> Explanation:
        return explain(failure, self.display_name, self.key_name, self.models[0].inputs)

    def curl(self, base_url: str, model: str, request: GenerateRequest) -> str:
        return as_curl(base_url + generate_path(model), self.variable("API_KEY"), request)


APIXO = Apixo()
