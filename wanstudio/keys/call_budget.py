"""The call budget of a key: calls a minute and tasks at a time, one for all workers and machines, in the key's row.

A bucket by the database's clock: a call is one conditional UPDATE. Submissions and what a callback wakes can empty it,
polls leave a call in it. Polls are given their times one after the other, so that however many there are, each comes.

Nothing says what a key can do; its 429s teach it. A 429 halves the calls, which then grow by one a minute, for an hour
only to what went through in the minute before it: else the same 429 would come again and again.
"""

from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from django.conf import settings
from django.db.models import Case, DateTimeField, F, PositiveIntegerField, Q, Value, When
from django.db.models.functions import Coalesce, Greatest, Now
from django.utils import timezone

from wanstudio.keys import intervals
from wanstudio.keys.models import ProviderKey
from wanstudio.provider import providers
from wanstudio.work.compiled import moment
from wanstudio.work.leases import due_after
from wanstudio.work.prepared import PreparedRows, PreparedUpdate

MINUTE = timedelta(minutes=1)
# Polls come a little slower than the budget fills: what else calls does not push them back.
POLL_SPACING = 1.1
# A worker looks this often, and can find several calls due at once.
LOOK_S = 0.25
BELIEVED_MINUTES = 60
# With fewer calls than this part of what was allowed, a refused submission speaks of tasks.
FEW = 0.8
# Fewer calls than this say nothing about a limit.
MIN_CEILING = 3


class Bucket(NamedTuple):
    """`burst` calls at once, and then one each `interval`: together never more than allowed in any minute."""

    burst: float
    interval: timedelta


def allowed_calls(key: ProviderKey) -> float | None:
    """Calls a minute at present; None: without a limit."""
    if (most := _full_rate(key)) is None or key.calls_limit is None or key.calls_limited_at is None:
        return most
    minutes = _minutes_since(key, key.calls_limited_at)
    grown = key.calls_limit + minutes
    if key.calls_ceiling is not None:
        over = max(minutes - BELIEVED_MINUTES, 0)
        grown = min(grown, max(key.calls_ceiling, key.calls_limit) + over)
    return min(grown, most)


def allowed_tasks(key: ProviderKey) -> int:
    """Tasks at a time at present. After an hour one more is tried, then another each ten minutes.

    What is only suspected counts until a question is answered; then one more is tried, and shows whether it was that.
    """
    if key.tasks_limit is None:
        return settings.IN_FLIGHT
    if key.tasks_limited_at is None:
        return min(key.tasks_limit + (0 if key.rate_limits else 1), settings.IN_FLIGHT)
    more = int(max(_minutes_since(key, key.tasks_limited_at) - BELIEVED_MINUTES + 10, 0) // 10)
    return min(key.tasks_limit + more, settings.IN_FLIGHT)


def learned_at(key: ProviderKey) -> datetime | None:
    """When the key's answers last set a limit that still counts."""
    slowed = (allowed_calls(key) or 0) < (_full_rate(key) or 0)
    moments = [key.calls_limited_at if slowed else None]
    moments.append(key.tasks_limited_at if allowed_tasks(key) < settings.IN_FLIGHT else None)
    return max((moment for moment in moments if moment), default=None)


def take(key: ProviderKey, *, poll: bool = False, submission: bool = False) -> bool:
    """One call, if there is room for it now. A crash right after it leaves it counted, though it was not made.

    The totals are counted in the same statement; without a limit, as in the sandbox, there is none.
    """
    if (bucket := _bucket(key)) is None:
        return True
    slack = bucket.interval * max(bucket.burst - (2 if poll else 1), 0)
    minute = intervals.paced(key.provider, MINUTE)
    return bool(_taken(slack, bucket.interval, minute, submission=submission).run(key.pk))


# Without a lesson they are the same for each call; with one, for each moment.
@lru_cache(maxsize=40)
def _taken(slack: timedelta, interval: timedelta, minute: timedelta, *, submission: bool) -> PreparedUpdate:
    free = Q(spent_until=None) | Q(spent_until__lte=due_after(slack))
    this, last = Q(minute_at__gt=Now() - minute), Q(minute_at__gt=Now() - 2 * minute)
    count = PositiveIntegerField()
    changes = {
        "calls_total": F("calls_total") + 1,
        "submissions_total": F("submissions_total") + (1 if submission else 0),
        "spent_until": _later("spent_until") + interval,
        "minute_at": Case(When(this, F("minute_at")), When(last, F("minute_at") + minute), default=Now()),
        "minute_calls": Case(When(this, F("minute_calls") + 1), default=Value(1), output_field=count),
        "minute_before": Case(
            When(this, F("minute_before")), When(last, F("minute_calls")), default=Value(0), output_field=count
        ),
    }
    return PreparedUpdate(lambda pk: (ProviderKey.objects.filter(free, pk=pk), changes))


def room(key: ProviderKey) -> int:
    """How many calls could go out now, besides polls. A hint: `take` decides."""
    if (bucket := _bucket(key)) is None or key.spent_until is None:
        return settings.IN_FLIGHT
    return int(max(bucket.burst - max(key.spent_until - timezone.now(), timedelta(0)) / bucket.interval, 0))


def book(key: ProviderKey, wanted: timedelta = timedelta(0)) -> timedelta:
    """The wait of a poll that `wanted` to wait so long: later, if others that were booked before it come first."""
    if (bucket := _bucket(key)) is None:
        return wanted
    step = bucket.interval * POLL_SPACING
    _booked(step).run(key.pk)
    until = _BOOKED_UNTIL.first(key.pk)
    return max(wanted, moment(until[0]) - step - timezone.now()) if until and until[0] else wanted


@lru_cache(maxsize=20)
def _booked(step: timedelta) -> PreparedUpdate:
    return PreparedUpdate(lambda pk: (ProviderKey.objects.filter(pk=pk), {"polls_until": _later("polls_until") + step}))


_BOOKED_UNTIL = PreparedRows(lambda pk: ProviderKey.objects.filter(pk=pk).values_list("polls_until"))


def lesson(key: ProviderKey, tasks: int | None) -> dict[str, object]:
    """What a 429 teaches, as changes of the key's row. `tasks`: how many others were in flight, if it met a submission.

    Nothing says which of the two it is about. A submission that is refused twice with as many tasks in flight, though
    few calls were made and questions were answered in between, has met the limit of tasks.
    """
    if (calls := allowed_calls(key)) is None:
        return {}
    passed, in_a_row = _passed(key), key.rate_limits > 0
    believed = (
        key.calls_ceiling
        if key.calls_limited_at and _minutes_since(key, key.calls_limited_at) < BELIEVED_MINUTES
        else None
    )
    halved: dict[str, object] = {"calls_limit": max(calls / 2, 1), "calls_limited_at": Now()}
    before, is_known = key.tasks_limit or 0, key.tasks_limited_at is not None
    if tasks and ((is_known and tasks >= before) or passed < FEW * min(calls, believed or calls)):
        if before and not in_a_row and (is_known or tasks >= before):
            return _by_plan(key, calls, tasks if tasks >= before else max(before - 1, 1))
        return halved if is_known else {"tasks_limit": tasks, **({} if before else halved)}
    if in_a_row and passed < 1:
        # Nothing went through for a minute: the provider is away, and our calls are not the reason.
        return {}
    if believed:
        # What went through before the first 429 was the truth, unless it is absurdly little.
        lowest = max(calls / 8, believed / 2 if in_a_row else 0, 1)
        halved["calls_limit"] = max(min(calls / 2, believed), lowest)
    ceiling = believed if believed and in_a_row else passed
    return {**halved, "calls_ceiling": ceiling if ceiling >= MIN_CEILING else None}


def _by_plan(key: ProviderKey, calls: float, tasks: int) -> dict[str, object]:
    """So many tasks at a time are known now; if they are a plan's, so are its calls."""
    learned: dict[str, object] = {"tasks_limit": tasks, "tasks_limited_at": Now()}
    plan = next(
        (plan for plan in providers.get(key.provider).plans if plan.tasks == tasks and plan.calls < calls), None
    )
    if plan:
        learned |= {"calls_limit": plan.calls, "calls_ceiling": plan.calls, "calls_limited_at": Now()}
    return learned


def accepted(key: ProviderKey, tasks: int) -> None:
    """A submission went through with so many others in flight, as far as we know: one might have ended unseen.

    So what was suspected is not over; one more than these is suspected now.
    """
    key.row.filter(tasks_limited_at=None, tasks_limit__lte=tasks).update(tasks_limit=tasks + 1)


# Of a row whose key was changed: another one can do more, or less.
UNKNOWN = dict.fromkeys(("calls_limit", "calls_ceiling", "calls_limited_at", "tasks_limit", "tasks_limited_at"))


def _full_rate(key: ProviderKey) -> float | None:
    plans = providers.get(key.provider).plans
    return (settings.CALLS_PER_MINUTE or plans[-1].calls) if plans else None


def _bucket(key: ProviderKey) -> Bucket | None:
    if (calls := allowed_calls(key)) is None:
        return None
    minute = intervals.paced(key.provider, MINUTE)
    burst = min(max(calls / 10, 2), max(calls / 2, 1))
    rate = max(calls - burst, calls / 2)
    return Bucket(max(burst, rate * (LOOK_S / minute.total_seconds())), max(minute / rate, timedelta.resolution))


def _passed(key: ProviderKey) -> float:
    """About how many calls went through in the last minute, without the one that was just refused."""
    if key.minute_at is None:
        return 0
    since = _minutes_since(key, key.minute_at)
    if since >= 1:
        return max(key.minute_calls * (2 - since), 0)
    return max(key.minute_calls + key.minute_before * (1 - since) - 1, 0)


def _minutes_since(key: ProviderKey, moment: datetime) -> float:
    """As long as the key's provider has them, see `intervals.pace`."""
    return max(timezone.now() - moment, timedelta(0)) / intervals.paced(key.provider, MINUTE)


def _later(name: str) -> Greatest:
    return Greatest(Coalesce(F(name), Now()), Now(), output_field=DateTimeField())
