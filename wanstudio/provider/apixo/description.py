"""APIXO as a provider. Source: its page for Wan 2.2 Animate.

A resolution is one line of the table below; forms, price card, filters, the API's schema, the default of APIXO_PRICES
and the sandbox take it from here.
"""

from datetime import date
from decimal import Decimal

from wanstudio.provider import base
from wanstudio.provider.calls import GenerateRequest

from .client import ApixoClient
from .failure_words import explain
from .messages import as_curl, carried_task_id, generate_path

FIRST_PRICES = date(2026, 1, 1)

WAN_2_2_ANIMATE = base.Model(
    id="wan-2-2-animate",
    behaviours=("animate", "replace"),
    resolutions=(
        base.Resolution("480p", (base.Price(FIRST_PRICES, Decimal("0.04")),)),
        base.Resolution("720p", (base.Price(FIRST_PRICES, Decimal("0.08")),)),
    ),
    billing=base.BillingLimits(min_s=5, max_s=120),
    inputs=base.InputLimits(
        image_formats=("JPEG", "PNG", "WebP"),
        image_max_bytes=10 * 1024 * 1024,
        motion_formats=("MP4", "MOV", "M4V"),
        max_seed=2**31 - 1,
    ),
    polling=base.Polling(
        usual=((60, 60), (5.5, 10)),
        long=((120, 120), (10, 12)),
        callback=((120, 135), (60, 70)),
        long_motion_s=60,
    ),
)


class Apixo(base.Provider):
    """Whatever speaks APIXO's contract: APIXO itself, and the sandbox under names of its own."""

    def variable(self, name: str) -> str:
        return f"APIXO_{name}"

    def client(self, account: base.Account) -> ApixoClient:
        return ApixoClient(account)

    def task_named_in(self, callback: bytes) -> str:
        return carried_task_id(callback)

    def explain(self, failure: base.Failure) -> base.Explanation:
        return explain(failure, self.display_name, self.key_name, self.models[0].inputs)

    def curl(self, base_url: str, model: str, request: GenerateRequest) -> str:
        return as_curl(base_url + generate_path(model), self.variable("API_KEY"), request)


APIXO = Apixo(
    name="apixo",
    display_name="APIXO",
    key_name="APIXO key",
    hook="apixo",
    site="https://apixo.ai/",
    base_url="https://api.apixo.ai/api/v1",
    pace=1.0,
    read_timeout_s=60.0,
    models=(WAN_2_2_ANIMATE,),
)
