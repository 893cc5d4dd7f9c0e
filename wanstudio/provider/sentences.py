"""Every failure in words: one sentence of cause and the one next step.

Only the cause: what it means for the money depends on the job and is told by whoever knows it. Codes are an open set
in two generations of names (`PromptInvalid`, `INVALID_PROMPT`); they are compared without case and underscores.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from .failures import Error

QUOTE_LIMIT = 300


class Step(StrEnum):
    """What a person can do next; `label` is what its button says. An uncertain job offers its own choices instead."""

    CHANGE_PROMPT = "change_prompt"
    CHANGE_CHARACTER = "change_character"
    CHANGE_MOTION = "change_motion"
    CHANGE_INPUTS = "change_inputs"
    ADD_BALANCE = "add_balance"
    CHECK_KEY = "check_key"
    CHECK_SETTINGS = "check_settings"
    WAIT = "wait"
    TRY_AGAIN = "try_again"

    @property
    def label(self) -> str:
        return _LABELS[self]


@dataclass(frozen=True)
class Explanation:
    """`content` is True where the provider's content policy objected, so that a page can hide the picture."""

    cause: str
    step: Step
    content: bool = False


def explain(code: str, message: str = "", *, character: str = "the picture", motion: str = "the clip") -> Explanation:
    """Why it failed, for people. `code` is a failCode of the provider or an Error, `message` the provider's own words.

    `character` and `motion` name the files. A code that nobody has met yet is shown with its message.
    """
    message = _quotable(message)
    if code == Error.BAD_REQUEST:
        cause = f"APIXO refused the request: “{message}”." if message else "APIXO refused the request as invalid."
        return Explanation(cause, _step_named_in(message))
    known = _FAILURES.get(_plain(code))
    if known:
        return Explanation(known.cause.format(character=character, motion=motion), known.step, known.content)
    shown = _quotable(code) or "no code"
    reason = f"{shown}, “{message}”" if message else shown
    return Explanation(f"APIXO gave a reason that we do not know: {reason}.", Step.TRY_AGAIN)


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

_LABELS = {
    Step.CHANGE_PROMPT: "Change the prompt",
    Step.CHANGE_CHARACTER: "Use another picture",
    Step.CHANGE_MOTION: "Use another clip",
    Step.CHANGE_INPUTS: "Change picture, clip or prompt",
    Step.ADD_BALANCE: "Add balance and try again",
    Step.CHECK_KEY: "Check the key",
    Step.CHECK_SETTINGS: "Check the settings",
    Step.WAIT: "Wait, then try again",
    Step.TRY_AGAIN: "Try again",
}

_CONTENT = Explanation(
    "APIXO’s content policy objects to {character}, {motion} or the prompt.", Step.CHANGE_INPUTS, content=True
)
_CONTENT_PICTURE = Explanation("APIXO’s content policy objects to {character}.", Step.CHANGE_CHARACTER, content=True)
_CONTENT_RESULT = Explanation(
    "APIXO’s content policy objects to what was sent or to the video made from it.", Step.CHANGE_INPUTS, content=True
)
_PROMPT = Explanation("APIXO did not accept the prompt.", Step.CHANGE_PROMPT)
_PROMPT_LENGTH = Explanation("The prompt is longer than APIXO allows.", Step.CHANGE_PROMPT)
_BALANCE = Explanation("The balance or quota of the APIXO key does not cover this video.", Step.ADD_BALANCE)

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
        "INVALID_IMAGE_URL": Explanation("APIXO could not use the link to {character}.", Step.CHANGE_CHARACTER),
        "IMAGE_TOO_LARGE": Explanation(
            "APIXO takes pictures up to 10 MB; {character} is larger.", Step.CHANGE_CHARACTER
        ),
        "UNSUPPORTED_FORMAT": Explanation(
            "APIXO takes JPEG, PNG and WebP pictures; {character} is none of them.", Step.CHANGE_CHARACTER
        ),
        "IMAGE_DOWNLOAD_FAILED": Explanation("APIXO could not download {character}.", Step.CHANGE_CHARACTER),
        "PROCESSING_TIMEOUT": Explanation("APIXO ran out of time while making the video.", Step.TRY_AGAIN),
        "MODEL_UNAVAILABLE": Explanation("The model is not available at APIXO right now.", Step.WAIT),
        "GENERATION_FAILED": Explanation("APIXO could not make the video and gave no closer reason.", Step.TRY_AGAIN),
        "INSUFFICIENT_CREDITS": _BALANCE,
        # HTTP statuses
        Error.UNAUTHORIZED: Explanation("APIXO does not accept the studio’s key.", Step.CHECK_KEY),
        Error.INSUFFICIENT_BALANCE: _BALANCE,
        Error.FORBIDDEN: Explanation(
            "APIXO refused it: either the key may not use this model, or the content of {character}, {motion} or the "
            "prompt was rejected.",
            Step.CHANGE_INPUTS,
        ),
        Error.NOT_FOUND: Explanation("APIXO does not know this task or this model.", Step.CHECK_SETTINGS),
        Error.RATE_LIMITED: Explanation("APIXO asks for fewer requests at a time.", Step.WAIT),
        Error.SERVER_ERROR: Explanation("APIXO reported an error of its own.", Step.TRY_AGAIN),
        Error.BAD_GATEWAY: Explanation("A service behind APIXO failed.", Step.TRY_AGAIN),
        Error.UNAVAILABLE: Explanation("APIXO is not available right now.", Step.WAIT),
        Error.GATEWAY_TIMEOUT: Explanation("A service behind APIXO took too long to answer.", Step.WAIT),
        # our own connection
        Error.NOT_CONNECTED: Explanation("APIXO could not be reached.", Step.TRY_AGAIN),
        Error.TIMED_OUT: Explanation("APIXO did not answer in time.", Step.WAIT),
        Error.CONNECTION_LOST: Explanation("The connection broke before APIXO’s answer arrived.", Step.WAIT),
        Error.REDIRECTED: Explanation("APIXO’s address answered with a redirect.", Step.CHECK_SETTINGS),
        Error.MALFORMED: Explanation("APIXO’s answer could not be understood.", Step.WAIT),
        Error.UNEXPECTED_STATUS: Explanation("APIXO’s address answered in an unexpected way.", Step.CHECK_SETTINGS),
    }.items()
}
