"""Words of jobs: chips, sentences, timelines and money, for pages, fragments and mails; and failures, by code."""

from dataclasses import dataclass, replace
from enum import Enum

from wanstudio.jobs.job_progress import NextStep, Progress, next_steps, position_in_queue, progress
from wanstudio.jobs.models import Job, State
from wanstudio.keys import in_force
from wanstudio.money.models import Money
from wanstudio.money.pricing import quote
from wanstudio.provider import providers
from wanstudio.provider.base import Explanation, Failure, Step
from wanstudio.uploads.models import Source


class Sentence(Enum):
    """What is said of a job's problem or step, by code; {Name} and {name} are its provider's."""

    # Of one that waits, or is not sent.
    UNREACHABLE = "{Name} cannot reach this studio to fetch the uploaded file. Nothing was sent."
    LINK_BROKEN = "The link to “{source}” no longer works: {reason} Nothing was sent."
    FORMAT_CHANGED = "The file behind “{source}” changed from {before} to {now}. Nothing was sent."
    LENGTH_CHANGED = (
        "The clip behind the link changed from {before:.1f} s to {now:.1f} s, which changes the price. Nothing was "
        "sent; check the new price and start it again."
    )
    CUT_DIFFERS = (
        "The part that was cut out of the clip is {now:.2f} s long instead of {before:.2f} s, and would cost ${price}. "
        "Nothing was sent; start it again at that price, or choose another part."
    )
    NOT_CUT = "“{source}” could not be cut. Nothing was sent; use the whole clip, or export it again as MP4 with H.264."
    NOT_CROPPED = "“{source}” could not be cropped. Nothing was sent; use the whole picture, or save it again as PNG."
    NOT_CLEANED = "The metadata of “{source}” could not be removed. Nothing was sent; add the file again."
    NOT_BRIDGED = "“{source}” could not be put in the bucket. {reason} Nothing was sent."
    NO_ROOM = "The disk has no space for the result. Nothing was sent; free some space and it is sent."
    NOT_MARKED = "The studio could not record this job in its data folder ({why}). Nothing was sent; trying again."
    PUT_BACK = (
        "The database was replaced by hand and does not know what was sent after its copy was made. Nothing more is "
        "sent. Stop the studio and run: .venv/bin/python manage.py restore --in-place"
    )
    NOT_CONNECTED = "{Name} could not be reached. Nothing was charged; trying again."
    NOT_ACCEPTED = "{Name} did not accept it. Nothing was charged; trying again."
    FIRST_LOOK = "First we check whether an earlier attempt was accepted."
    # Of one that was sent, and no one knows whether it was taken.
    TIMED_OUT = "No answer came in time"
    CONNECTION_LOST = "The connection dropped before an answer came"
    REDIRECTED = "The answer was a redirect (HTTP {status})"
    UNREADABLE = "The answer could not be read (HTTP {status})"
    WORKER_STOPPED = "The worker stopped while sending"
    UNCONFIRMED = "{Name} has not confirmed the task id yet. We keep asking."
    UNKNOWN_TASK = "{Name} has no task {task}."
    TASK_OF_ANOTHER = "Task {task} already belongs to another job."
    TASK_FOLLOWED = "Job {job} already follows task {task}."
    # Of one that runs.
    SLOW = "Slower than usual. We keep checking; you pay once."
    OVERDUE = "No result after a day. We keep checking. Look up the task in {name}'s dashboard, or ask {name}."
    UNCLEAR = "{Name} gives no clear answer at the moment. We keep checking; you pay once."
    MISSING = "{Name} cannot find this task. We keep asking for ten minutes."
    LOST = "{Name} no longer has the task"
    KEY_GONE = (
        "The key that sent this was removed, and {name} shows its task only to that key. Set the key again to "
        "follow the task; {name} keeps a result for a day."
    )
    # Steps of a timeline and reasons in the ledger.
    NOT_SENT = "Not sent"
    REFUSED = "Rejected"
    GIVEN_UP = "Given up after 4 attempts"
    SENT_AGAIN = "Sent again by hand"
    NOT_CHARGED = "It was not charged"
    NOT_CHARGED_BY = "{person} marked it as not charged"
    NOT_TAKEN = "Late answer: it was not accepted"
    TAKEN_AFTER_ALL = "It was accepted, and is not sent again"
    TASK_FAILED = "{Name} says that task {task} failed"
    RECOVERED = "{Name} had accepted an earlier attempt: task {task}"
    FOLLOWED_ELSEWHERE = "A separate job follows it"
    TURNED_UP = "It was found: a separate job follows it"

    def of(self, provider: str, **facts: object) -> str:
        this = providers.get(provider)
        return self.value.format(name=this.display_name, Name=this.opening_name, **facts)


NOT_BRIDGED = "NOT_IN_BUCKET"
# Failures that we name ourselves, in the manner of the provider's.
OURS = {
    "NOT_CHARGED": Explanation("It was not charged, as you decided.", Step.TRY_AGAIN),
    "RESULT_LOST": Explanation(
        "The video was made, but its download kept failing until {name} deleted it.", Step.TRY_AGAIN
    ),
    "TASK_NOT_FOUND": Explanation("{Name} no longer has this task.", Step.CHECK_SETTINGS),
}
ALREADY_SENT = "It was already sent and cannot be cancelled. It is never sent twice."
# In a list, beside the sum.
SHORT_MONEY = {
    Money.RESERVED: "reserved",
    Money.SETTLED: "charged",
    Money.RELEASED: "released",
    Money.ASSUMED: "released (assumed)",
    Money.UNKNOWN: "possibly charged",
}


@dataclass(frozen=True)
class JobWords:
    """`frame` is the input whose picture shape the result will have."""

    frame: Source
    sentence: str
    money: str
    short_money: str
    reason: str
    provider: str
    provider_links: list[str]
    progress: Progress
    position: str
    explanation: Explanation | None
    steps: list[NextStep]


def describe(job: Job) -> JobWords:
    explanation = explain_failure(job) if job.state == State.FAILED else None
    return JobWords(
        frame=job.motion if job.behaviour == Job.Behaviour.REPLACE else job.character,
        sentence=_sentence(job, explanation),
        money=money_sentence(job),
        short_money=SHORT_MONEY[Money(job.money)] if job.is_billed else "not billed",
        reason=price_reason(job),
        provider=provider_name(job),
        provider_links=[url for url in job.result_urls if url.startswith(("http://", "https://"))],
        progress=progress(job),
        position=position_in_queue(job),
        explanation=explanation,
        steps=next_steps(job, explanation),
    )


def explain_failure(job: Job) -> Explanation:
    if job.failure == "INPUT_CHANGED":
        return Explanation(job.failure_message, Step.CHANGE_MOTION)
    if job.failure == NOT_BRIDGED:
        return Explanation(job.failure_message, Step.CHECK_SETTINGS)
    if ours := OURS.get(job.failure):
        return replace(ours, cause=providers.named(ours.cause, job.provider))
    return explain(job, job.failure, job.failure_message)


def explain(job: Job, code: str, message: str) -> Explanation:
    """A failure that the provider names, with the job's own files in it."""
    names = f"“{job.character.name}”", f"“{job.motion.name}”"
    return providers.get(job.provider).explain(Failure(code, message, *names, job.prompt))


def _sentence(job: Job, explanation: Explanation | None) -> str:
    match State(job.state):
        case State.QUEUED:
            return job.problem or _queue_sentence(job)
        case State.SUBMITTING:
            return f"Sending to {provider_name(job)}."
        case State.RUNNING:
            return job.problem or "You can close this page. The video will be here when it is ready."
        case State.ARCHIVING:
            return job.problem or "Saving to your studio."
        case State.DONE:
            return "Archived, verified."
        case State.FAILED:
            return explanation.cause if explanation else ""
        case State.CANCELLED:
            return "Never sent, nothing charged."
        case State.UNCERTAIN:
            return f"We don’t know whether {provider_name(job)} accepted it."


def _queue_sentence(job: Job) -> str:
    if not (position := position_in_queue(job)):
        return "In the queue. You can close this page."
    sentence = f"{position[0].upper()}{position[1:]}."
    return f"{sentence} ${job.price} reserved." if job.is_billed else f"{sentence} Nothing is billed."


def money_sentence(job: Job) -> str:
    if not job.is_billed:
        return "Sandbox: nothing is billed."
    match Money(job.money):
        case Money.RESERVED:
            return f"${job.price} is reserved now and charged when the video is ready."
        case Money.SETTLED if job.state == State.FAILED:
            return f"It was charged: ${job.price}, our price."
        case Money.SETTLED:
            return f"${job.price}, our price."
        case Money.RELEASED:
            return f"The ${job.price} is back in your budget."
        case Money.ASSUMED:
            return (
                f"The ${job.price} is back in your budget. We assume failed tasks are not billed; compare your balance."
            )
        case Money.UNKNOWN:
            return f"It might have been charged; our price was ${job.price}."


def price_reason(job: Job) -> str:
    """The sum as it was quoted: `14.2 s × $0.08 = $1.14`."""
    return quote(
        job.duration, job.resolution, {job.resolution: job.unit_price}, in_force.model(job.provider).billing
    ).reason


def provider_name(job: Job) -> str:
    return providers.get(job.provider).display_name
