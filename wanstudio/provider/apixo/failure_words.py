"""Failures in words: one sentence of cause and the one next step.

Only the cause: what it means for the money depends on the job and is said by whoever knows it. Codes are an open set
in two generations of names (`PromptInvalid`, `INVALID_PROMPT`); they are compared without case and underscores.
"""

import re
from dataclasses import replace

from django.utils.text import capfirst

from wanstudio.provider.base import Explanation, Failure, InputLimits, Step
from wanstudio.provider.calls import Error

QUOTE_LIMIT = 300


def explain(failure: Failure, name: str, key_name: str, inputs: InputLimits) -> Explanation:
    """Why it failed, for people. A code that nobody has met yet is shown with its message."""
    message = _quotable(failure.message)
    if failure.code == Error.BAD_REQUEST:
        cause = f"{name} refused the request: “{message}”." if message else f"{name} refused the request as invalid."
        return Explanation(capfirst(cause), _step_named_in(message))
    known = _FAILURES.get(_plain(failure.code))
    if known is None:
        shown = _quotable(failure.code) or "no code"
        reason = f"{shown}, “{message}”" if message else shown
        return Explanation(capfirst(f"{name} gave a reason that we do not know: {reason}."), Step.TRY_AGAIN)
    *formats, last_format = inputs.image_formats
    cause = known.cause.format(
        name=name,
        key=key_name,
        character=failure.character,
        motion=failure.motion,
        megabytes=inputs.image_max_bytes // 1024**2,
        formats=f"{', '.join(formats)} and {last_format}",
    )
    return replace(known, cause=capfirst(cause))


def _step_named_in(message: str) -> Step:
    # A refusal names the offending field only in its text, for example "video_urls[0] could not be probed".
    named = [step for word, step in _FIELDS.items() if word in message.lower()]
    return named[0] if len(named) == 1 else Step.CHANGE_INPUTS


def _plain(code: str) -> str:
    return code.replace("_", "").lower()


def _quotable(text: str) -> str:
    text = re.sub(r"\s+", " ", text).strip()
    return (text if len(text) <= QUOTE_LIMIT else text[: QUOTE_LIMIT - 1] + "…").rstrip(".")


_FIELDS = {"image": Step.CHANGE_CHARACTER, "video": Step.CHANGE_MOTION, "prompt": Step.CHANGE_PROMPT}

_CONTENT = Explanation(
    "{name}’s content policy objects to {character}, {motion} or the prompt.", Step.CHANGE_INPUTS, content=True
)
_CONTENT_PICTURE = Explanation("{name}’s content policy objects to {character}.", Step.CHANGE_CHARACTER, content=True)
_CONTENT_RESULT = Explanation(
    "{name}’s content policy objects to what was sent or to the video made from it.", Step.CHANGE_INPUTS, content=True
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
            "{name} takes pictures up to {megabytes} MB; {character} is larger.", Step.CHANGE_CHARACTER
        ),
        "UNSUPPORTED_FORMAT": Explanation(
            "{name} takes {formats} pictures; {character} is none of them.", Step.CHANGE_CHARACTER
        ),
        "IMAGE_DOWNLOAD_FAILED": Explanation("{name} could not download {character}.", Step.CHANGE_CHARACTER),
        "PROCESSING_TIMEOUT": Explanation("{name} ran out of time while making the video.", Step.TRY_AGAIN),
        "MODEL_UNAVAILABLE": Explanation("The model is not available at {name} right now.", Step.WAIT),
        "GENERATION_FAILED": Explanation("{name} could not make the video and gave no closer reason.", Step.TRY_AGAIN),
        "INSUFFICIENT_CREDITS": _BALANCE,
        # HTTP statuses
        Error.UNAUTHORIZED: Explanation("{name} does not accept the studio’s key.", Step.CHECK_KEY),
        Error.INSUFFICIENT_BALANCE: _BALANCE,
        Error.FORBIDDEN: Explanation(
            "{name} refused it: either the key may not use this model, or the content of {character}, {motion} or the "
            "prompt was rejected.",
            Step.CHANGE_INPUTS,
        ),
        Error.NOT_FOUND: Explanation("{name} does not know this task or this model.", Step.CHECK_SETTINGS),
        Error.RATE_LIMITED: Explanation("{name} asks for fewer requests at a time.", Step.WAIT),
        Error.SERVER_ERROR: Explanation("{name} reported an error of its own.", Step.TRY_AGAIN),
        Error.BAD_GATEWAY: Explanation("A service behind {name} failed.", Step.TRY_AGAIN),
        Error.UNAVAILABLE: Explanation("{name} is not available right now.", Step.WAIT),
        Error.GATEWAY_TIMEOUT: Explanation("A service behind {name} took too long to answer.", Step.WAIT),
        # our own connection
        Error.NOT_CONNECTED: Explanation("{name} could not be reached.", Step.TRY_AGAIN),
        Error.TIMED_OUT: Explanation("{name} did not answer in time.", Step.WAIT),
        Error.CONNECTION_LOST: Explanation("The connection broke before {name}’s answer arrived.", Step.WAIT),
        Error.REDIRECTED: Explanation("{name}’s address answered with a redirect.", Step.CHECK_SETTINGS),
        Error.MALFORMED: Explanation("{name}’s answer could not be understood.", Step.WAIT),
        Error.NO_KEY: Explanation("The {key} that this needs is no longer here.", Step.CHECK_KEY),
        Error.UNEXPECTED_STATUS: Explanation("{name}’s address answered in an unexpected way.", Step.CHECK_SETTINGS),
    }.items()
}
