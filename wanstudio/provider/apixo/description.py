"""APIXO as a provider. Source: its page for Wan 2.2 Animate.

A failure in words is one sentence of cause and one next step. `jobs/words.py` says what it means for the money. Codes
are an open set in two generations of names (`PromptInvalid`, `INVALID_PROMPT`); they are compared without case and
underscores.
"""

import json
import re
from dataclasses import replace
from datetime import date
from decimal import Decimal

from django.utils.text import capfirst, get_text_list

from wanstudio.provider import base
from wanstudio.provider.base import Explanation, Step
from wanstudio.provider.calls import Error, GenerateRequest

from .client import ApixoClient
from .messages import carried_task_id, generate_body, generate_path
from .missing_balance import lacks_balance

QUOTE_LIMIT = 300
FIRST_PRICES = date(2026, 1, 1)

WAN_2_2_ANIMATE = base.Model(
    id="wan-2-2-animate",
    behaviours=("animate", "replace"),
    resolutions=(
        base.Resolution("480p", ((FIRST_PRICES, Decimal("0.04")),)),
        base.Resolution("720p", ((FIRST_PRICES, Decimal("0.08")),)),
    ),
    billing=base.BillingLimits(min_s=5, max_s=120),
    inputs=base.InputLimits(
        image_formats=("JPEG", "PNG", "WebP"),
        image_max_bytes=10 * 1024 * 1024,
        motion_formats=("MP4", "MOV", "M4V"),
        max_seed=2**31 - 1,
        # Alibaba's page of the same model; Wan's code; reports of users.
        image_sides=(200, 4096),
        motion_sides=(200, 2048),
        max_ratio=3,
        max_fps=30,
        motion_codecs=("h264",),
        steady_s=30,
    ),
    polling=base.Polling(
        usual=((60, 60), (5.5, 10)), long=((120, 120), (10, 12)), callback=((120, 135), (60, 70)), long_motion_s=60
    ),
)


def _plain(code: str) -> str:
    return code.replace("_", "").lower()


def _quotable(text: str) -> str:
    text = re.sub(r"\s+", " ", text).strip()
    return (text if len(text) <= QUOTE_LIMIT else text[: QUOTE_LIMIT - 1] + "…").rstrip(".")


def _step_named_in(message: str) -> Step:
    # A refusal names the offending field only in its text, for example "video_urls[0] could not be probed".
    named = [step for word, step in _FIELDS.items() if word in message.lower()]
    return named[0] if len(named) == 1 else Step.CHANGE_INPUTS


_FIELDS = {"image": Step.CHANGE_CHARACTER, "video": Step.CHANGE_MOTION, "prompt": Step.CHANGE_PROMPT}

_CONTENT = Explanation(
    "{name} rejected this for its content: check {character}, {motion} or the prompt.", Step.CHANGE_INPUTS, content=True
)
_CONTENT_PICTURE = Explanation("{name} rejected {character} for its content.", Step.CHANGE_CHARACTER, content=True)
_CONTENT_RESULT = Explanation(
    "{name} rejected the inputs or the result for their content.", Step.CHANGE_INPUTS, content=True
)
_PROMPT = Explanation("{name} did not accept the prompt.", Step.CHANGE_PROMPT)
_PROMPT_LENGTH = Explanation("The prompt is longer than {name} allows.", Step.CHANGE_PROMPT)
_BALANCE = Explanation("The balance or quota of the {key} does not cover this video.", Step.ADD_BALANCE)

_FAILURES: dict[str, Explanation] = {
    _plain(code): explanation
    for code, explanation in {
        # failCode of a task
        "SensitiveContent": _CONTENT,
        "SensitiveContentDetected": _CONTENT,
        "InputImageSensitiveContentDetected": _CONTENT_PICTURE,
        "InputOutputSensitiveContentDetected": _CONTENT_RESULT,
        "NSFW": _CONTENT,
        "NSFW_DETECTED": _CONTENT,
        "ProhibitedContentDetected": _CONTENT,
        "CONTENT_VIOLATION": _CONTENT,
        "PromptInvalid": _PROMPT,
        "INVALID_PROMPT": _PROMPT,
        "PromptLengthExceeded": _PROMPT_LENGTH,
        "PROMPT_TOO_LONG": _PROMPT_LENGTH,
        "INVALID_IMAGE_URL": Explanation("{name} could not use the link to {character}.", Step.CHANGE_CHARACTER),
        "IMAGE_TOO_LARGE": Explanation(
            "{name} accepts pictures up to {megabytes} MB; {character} is larger.", Step.CHANGE_CHARACTER
        ),
        "UNSUPPORTED_FORMAT": Explanation(
            "{name} accepts {formats} pictures; {character} has another format.", Step.CHANGE_CHARACTER
        ),
        "IMAGE_DOWNLOAD_FAILED": Explanation("{name} could not download {character}.", Step.CHANGE_CHARACTER),
        "PROCESSING_TIMEOUT": Explanation("{name} ran out of time while making the video.", Step.TRY_AGAIN),
        "MODEL_UNAVAILABLE": Explanation("The model is not available at {name} right now.", Step.WAIT),
        "GENERATION_FAILED": Explanation("{name} could not make the video and gave no reason.", Step.TRY_AGAIN),
        "INSUFFICIENT_CREDITS": _BALANCE,
        # HTTP statuses
        Error.UNAUTHORIZED: Explanation("{name} does not accept the studio’s key.", Step.CHECK_KEY),
        Error.INSUFFICIENT_BALANCE: _BALANCE,
        Error.FORBIDDEN: Explanation(
            "{name} refused it: the key cannot use this model, or the content of {character}, {motion} or the prompt "
            "was rejected.",
            Step.CHANGE_INPUTS,
        ),
        Error.NOT_FOUND: Explanation("{name} cannot find this task or this model.", Step.CHECK_SETTINGS),
        Error.RATE_LIMITED: Explanation("{name} received too many requests.", Step.WAIT),
        Error.SERVER_ERROR: Explanation("{name} reported an internal error.", Step.TRY_AGAIN),
        Error.BAD_GATEWAY: Explanation("A service behind {name} failed.", Step.TRY_AGAIN),
        Error.UNAVAILABLE: Explanation("{name} is not available right now.", Step.WAIT),
        Error.GATEWAY_TIMEOUT: Explanation("A service behind {name} took too long to answer.", Step.WAIT),
        # our own connection
        Error.NOT_CONNECTED: Explanation("{name} could not be reached.", Step.TRY_AGAIN),
        Error.TIMED_OUT: Explanation("{name} did not answer in time.", Step.WAIT),
        Error.CONNECTION_LOST: Explanation("The connection dropped before {name} answered.", Step.WAIT),
        Error.REDIRECTED: Explanation("{name}’s address answered with a redirect.", Step.CHECK_SETTINGS),
        Error.MALFORMED: Explanation("{name}’s answer could not be read.", Step.WAIT),
        Error.NO_KEY: Explanation("The {key} for this was removed.", Step.CHECK_KEY),
        Error.UNEXPECTED_STATUS: Explanation("{name} gave an unexpected answer.", Step.CHECK_SETTINGS),
    }.items()
}


class Apixo(base.Provider):
    """Whatever speaks APIXO's contract: APIXO itself, and the sandbox under names of its own."""

    def variable(self, name: str) -> str:
        return f"APIXO_{name}"

    def client(self, account: base.Account) -> ApixoClient:
        return ApixoClient(account)

    def task_named_in(self, callback: bytes) -> str:
        return carried_task_id(callback)

    def is_about_balance(self, failure: base.Failure) -> bool:
        known = _FAILURES.get(_plain(failure.code))
        if known is _BALANCE or lacks_balance(failure.code):
            return True
        # A code that names another reason stays with it, whatever the message quotes.
        is_vague = known is None or known is _FAILURES[_plain("GENERATION_FAILED")]
        return is_vague and lacks_balance(failure.message, failure.prompt)

    def explain(self, failure: base.Failure) -> Explanation:
        message = _quotable(failure.message)
        if failure.code == Error.BAD_REQUEST:
            how = f": “{message}”" if message else " as invalid"
            return Explanation(f"{self.opening_name} refused the request{how}.", _step_named_in(message))
        known = _BALANCE if self.is_about_balance(failure) else _FAILURES.get(_plain(failure.code))
        if known is None:
            reason = (_quotable(failure.code) or "no code") + (f", “{message}”" if message else "")
            cause = f"{self.opening_name} gave an unknown reason: {reason}."
            return Explanation(cause, Step.TRY_AGAIN)
        inputs = self.models[0].inputs
        cause = known.cause.format(
            name=self.display_name,
            key=self.key_name,
            character=failure.character,
            motion=failure.motion,
            megabytes=inputs.image_max_bytes // 1024**2,
            formats=get_text_list(list(inputs.image_formats), "and"),
        )
        return replace(known, cause=capfirst(cause))

    def curl(self, base_url: str, model: str, request: GenerateRequest) -> str:
        # Within single quotes a shell takes everything literally but the quote itself.
        body = json.dumps(generate_body(request), indent=2, ensure_ascii=False).replace("'", "'\\''")
        return (
            f"curl -X POST '{base_url}{generate_path(model)}' \\\n"
            f'  -H "Authorization: Bearer ${self.variable("API_KEY")}" \\\n'
            '  -H "Content-Type: application/json" \\\n'
            f"  -d '{body}'"
        )


APIXO = Apixo(
    name="apixo",
    display_name="APIXO",
    key_name="APIXO key",
    hook="apixo",
    site="https://apixo.ai/",
    base_url="https://api.apixo.ai/api/v1",
    pace=1.0,
    plans=(base.Plan(10, 3), base.Plan(60, 10)),
    read_timeout_s=60.0,
    models=(WAN_2_2_ANIMATE,),
)
