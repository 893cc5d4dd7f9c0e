import re

import pytest

from wanstudio.provider import providers
from wanstudio.provider.base import Explanation, Failure, Step
from wanstudio.provider.calls import Error

explain = providers.get("apixo").explain

CONTENT = [
    "SensitiveContent",
    "SensitiveContentDetected",
    "InputImageSensitiveContentDetected",
    "InputOutputSensitiveContentDetected",
    "NSFW",
    "NSFW_DETECTED",
    "ProhibitedContentDetected",
    "CONTENT_VIOLATION",
]
STEPS = {
    "PromptInvalid": Step.CHANGE_PROMPT,
    "INVALID_PROMPT": Step.CHANGE_PROMPT,
    "PromptLengthExceeded": Step.CHANGE_PROMPT,
    "PROMPT_TOO_LONG": Step.CHANGE_PROMPT,
    "INVALID_IMAGE_URL": Step.CHANGE_CHARACTER,
    "IMAGE_TOO_LARGE": Step.CHANGE_CHARACTER,
    "UNSUPPORTED_FORMAT": Step.CHANGE_CHARACTER,
    "IMAGE_DOWNLOAD_FAILED": Step.CHANGE_CHARACTER,
    "PROCESSING_TIMEOUT": Step.TRY_AGAIN,
    "MODEL_UNAVAILABLE": Step.WAIT,
    "GENERATION_FAILED": Step.TRY_AGAIN,
    "INSUFFICIENT_CREDITS": Step.ADD_BALANCE,
    Error.BAD_REQUEST: Step.CHANGE_INPUTS,
    Error.UNAUTHORIZED: Step.CHECK_KEY,
    Error.INSUFFICIENT_BALANCE: Step.ADD_BALANCE,
    Error.FORBIDDEN: Step.CHANGE_INPUTS,
    Error.NOT_FOUND: Step.CHECK_SETTINGS,
    Error.RATE_LIMITED: Step.WAIT,
    Error.SERVER_ERROR: Step.TRY_AGAIN,
    Error.BAD_GATEWAY: Step.TRY_AGAIN,
    Error.UNAVAILABLE: Step.WAIT,
    Error.GATEWAY_TIMEOUT: Step.WAIT,
    Error.NOT_CONNECTED: Step.TRY_AGAIN,
    Error.TIMED_OUT: Step.WAIT,
    Error.CONNECTION_LOST: Step.WAIT,
    Error.REDIRECTED: Step.CHECK_SETTINGS,
    Error.MALFORMED: Step.WAIT,
    Error.UNEXPECTED_STATUS: Step.CHECK_SETTINGS,
    Error.NO_KEY: Step.CHECK_KEY,
}


def test_every_error_has_a_step_in_this_list() -> None:
    assert set(Error) <= set(STEPS)


@pytest.mark.parametrize("code", [*CONTENT, *STEPS])
@pytest.mark.parametrize("provider", providers.PROVIDERS)
def test_every_known_code_is_one_calm_sentence(code: str, provider: str) -> None:
    explanation = providers.get(provider).explain(Failure(code, "", "Mira", "walk"))
    assert re.fullmatch(r"[A-Z][^.!]*\.", explanation.cause), explanation.cause
    assert "do not know:" not in explanation.cause
    assert not re.search(r"(?i)oops|sorry|please|error code|\{|\}|\$|charged|billed|refund", explanation.cause)
    assert explanation.step.value


@pytest.mark.parametrize("code", CONTENT)
def test_a_content_policy_is_marked_as_such(code: str) -> None:
    explanation = explain(Failure(code))
    assert explanation.content
    assert explanation.step in (Step.CHANGE_INPUTS, Step.CHANGE_CHARACTER)
    assert "content" in explanation.cause


@pytest.mark.parametrize(("code", "step"), STEPS.items())
def test_every_other_code_has_its_step(code: str, step: Step) -> None:
    assert explain(Failure(code)).step is step
    assert not explain(Failure(code)).content


def test_both_generations_of_names_are_known_however_they_are_written() -> None:
    assert explain(Failure("SENSITIVE_CONTENT_DETECTED")) == explain(Failure("SensitiveContentDetected"))
    assert explain(Failure("invalidPrompt")) == explain(Failure("INVALID_PROMPT"))


def test_files_are_called_by_their_names() -> None:
    explanation = explain(Failure("IMAGE_TOO_LARGE", character="mira {1}.png"))
    assert explanation.cause == "APIXO accepts pictures up to 10 MB; mira {1}.png is larger."
    assert "the picture, the clip or the prompt" in explain(Failure("NSFW")).cause


@pytest.mark.parametrize(
    ("message", "step"),
    [
        ("video_urls[0] could not be probed", Step.CHANGE_MOTION),
        ("Invalid image URL.", Step.CHANGE_CHARACTER),
        ("Prompt must not be empty", Step.CHANGE_PROMPT),
        ("Provide exactly 1 image_urls item and exactly 1 video_urls item", Step.CHANGE_INPUTS),
        ("Invalid seed", Step.CHANGE_INPUTS),
    ],
)
def test_a_refusal_says_what_it_names(message: str, step: Step) -> None:
    explanation = explain(Failure(Error.BAD_REQUEST, message))
    assert explanation == Explanation(f"APIXO refused the request: “{message.rstrip('.')}”.", step)


def test_a_forbidden_request_says_both_meanings() -> None:
    cause = explain(Failure(Error.FORBIDDEN)).cause
    assert "key" in cause
    assert "content" in cause


@pytest.mark.parametrize(
    ("code", "message", "cause"),
    [
        ("MoonPhase", "Wrong\n moon.", "APIXO gave an unknown reason: MoonPhase, “Wrong moon”."),
        ("MoonPhase", "", "APIXO gave an unknown reason: MoonPhase."),
        ("", "Wrong moon", "APIXO gave an unknown reason: no code, “Wrong moon”."),
        ("", "", "APIXO gave an unknown reason: no code."),
        ("{character}", "{0}", "APIXO gave an unknown reason: {character}, “{0}”."),
    ],
)
def test_an_unknown_code_is_shown_with_its_message(code: str, message: str, cause: str) -> None:
    assert explain(Failure(code, message)) == Explanation(cause, Step.TRY_AGAIN)


def test_a_long_message_is_cut() -> None:
    assert len(explain(Failure("MoonPhase", "very " * 1000)).cause) < 400


def test_the_sandbox_speaks_for_itself() -> None:
    explained = providers.get("sandbox").explain
    assert (
        explained(Failure("NSFW")).cause
        == "The sandbox rejected this for its content: check the picture, the clip or the prompt."
    )
    assert "of the sandbox’s key" in explained(Failure("INSUFFICIENT_CREDITS")).cause
    assert not any("APIXO" in explained(Failure(code)).cause for code in [*CONTENT, *STEPS, "MoonPhase"])
