"""Reports of errors to a Sentry, where `SENTRY_DSN` names one: the place in the code, and none of the data it worked
on.

An event is rebuilt from what is known to be harmless: types, frames without their variables, the template of a log
line, ids. The texts of exceptions can quote prompts, addresses and keys; they stay in the studio's log, and the event
names the request there. The road not taken is to search all texts for secrets: a secret that does not look like one
would be sent.
"""

import logging
from typing import TYPE_CHECKING, Any

import sentry_sdk
from django.conf import settings
from sentry_sdk.integrations.atexit import AtexitIntegration
from sentry_sdk.integrations.dedupe import DedupeIntegration
from sentry_sdk.integrations.excepthook import ExcepthookIntegration
from sentry_sdk.integrations.logging import LoggingIntegration
from sentry_sdk.integrations.threading import ThreadingIntegration

from wanstudio.work.log_context import now_about

if TYPE_CHECKING:
    from sentry_sdk.types import Event, Hint

# A part of an event, as the client builds it.
Said = dict[str, Any]
KEPT = ("event_id", "timestamp", "platform", "level", "logger", "release", "environment", "sdk")
OF_A_FRAME = ("filename", "module", "function", "lineno", "in_app", "pre_context", "context_line", "post_context")
# Loggers whose templates are constants; those of libraries and of `django.security` can contain anything.
LOGGERS = ("wanstudio", "django.request")
IN_THE_LOG = "The text is in the studio's log."
SHUTDOWN_S = 2.0


def begin() -> None:
    """From here on, in this process and its forks. Sent by a thread that begins with the first report.

    A host that does not answer costs a process at most two seconds as it ends, and what does not fit is dropped.
    """
    sentry_sdk.init(
        dsn=settings.SENTRY_DSN,
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
        max_breadcrumbs=0,
        auto_session_tracking=False,
        send_client_reports=False,
        shutdown_timeout=SHUTDOWN_S,
        before_send=harmless,
        # Integrations of frameworks read requests, and add headers to calls to the provider.
        default_integrations=False,
        auto_enabling_integrations=False,
        integrations=[
            LoggingIntegration(level=None, event_level=logging.ERROR, sentry_logs_level=None),
            AtexitIntegration(callback=lambda pending, timeout: None),
            DedupeIntegration(),
            ExcepthookIntegration(),
            ThreadingIntegration(propagate_scope=False),
        ],
    )


def harmless(event: "Event", hint: "Hint") -> "Event":
    said: Said = dict(event)
    kept: Said = {name: said[name] for name in KEPT if name in said}
    if raised := (said.get("exception") or {}).get("values"):
        kept["exception"] = {"values": [_raised(one) for one in raised]}
    if (line := said.get("logentry")) and str(said.get("logger", "")).startswith(LOGGERS):
        kept["logentry"] = {"message": line.get("message", "")}
    elif line:
        kept["logentry"] = {"message": IN_THE_LOG}
    kept["tags"] = {name: str(value) for name, value in now_about().items()}
    return kept  # type: ignore[return-value]


def _raised(one: Said) -> Said:
    frames = (one.get("stacktrace") or {}).get("frames") or []
    shown = [{name: frame[name] for name in OF_A_FRAME if name in frame} for frame in frames]
    named = {name: one.get(name) for name in ("type", "module")}
    handled = (one.get("mechanism") or {}).get("handled", True)
    mechanism = {"type": "studio", "handled": handled}
    return {**named, "value": IN_THE_LOG, "mechanism": mechanism, "stacktrace": {"frames": shown}}
