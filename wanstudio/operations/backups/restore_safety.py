"""Safety of a restored database before it may spend money.

It is older than the world. Since it was copied, the studio may have sent what waits in it, and may have given ids that
it does not know. So nothing that waits is sent by itself, and no id is given twice.
"""

from types import ModuleType

from django.apps import apps
from django.contrib.sessions.models import Session
from django.db import connection
from django.db.models import Q
from django.db.models.functions import Now

from wanstudio.api.models import ApiToken
from wanstudio.jobs import verbs
from wanstudio.jobs.models.job import Job
from wanstudio.jobs.states import State
from wanstudio.keys import verbs as key_verbs
from wanstudio.keys.models import ProviderKey
from wanstudio.operations.backups.snapshot import Manifest
from wanstudio.provider import providers
from wanstudio.requests import verbs as request_verbs
from wanstudio.sharing.models import ShareLink
from wanstudio.teams.models import Invitation, Membership
from wanstudio.work.models import Heartbeat

# More than a studio gives between a backup and the loss of what it was made from. A callback or a signed link of those
# days carries such an id: given again, it would bring another job's video.
IDS_LEFT_OUT = 1_000_000
MAY_BE_SENT = (State.QUEUED, State.SUBMITTING, State.UNCERTAIN)
UNCONFIRMED = "The studio was restored from its backup of {when}. This may have been sent since then, and charged."
ASKED = "The studio was restored from its backup of {when}. This may have been allowed since then."
STOPPED = "The studio was restored from its backup of {when}. Look through what is unconfirmed, then start sending."


def make_safe(engine: ModuleType, manifest: Manifest) -> int:
    """Make every job that could be sent unconfirmed, stop all sending, leave out ids. Returns how many jobs that are.

    Runs inside the restore: it takes effect together with it, or not at all.
    """
    for table in _own_tables():
        engine.move_ids(table, manifest.sequences.get(table, 0) + IDS_LEFT_OUT)
    waiting = list(Job.objects.filter(state__in=MAY_BE_SENT).order_by("pk"))
    for job in waiting:
        verbs.mark_restored(job, UNCONFIRMED.format(when=manifest.when))
    # Its mail may be clicked, or was: what was allowed since the backup would be made, and paid, once more.
    request_verbs.expire_open(ASKED.format(when=manifest.when))
    for provider in {*Job.objects.values_list("provider", flat=True), *_known_providers()}:
        key_verbs.stop(ProviderKey.at(provider), STOPPED.format(when=manifest.when))
    Heartbeat.objects.all().delete()
    return len(waiting)


def open_again(*, same_key: bool) -> dict[str, int]:
    """Access that is open now, a count by kind: some of it may have been closed after the backup was made.

    Under another secret key no invitation and no sign-in of then opens anything.
    """
    lasting = Q(expires_at=None) | Q(expires_at__gt=Now())
    shared = ShareLink.objects.filter(lasting, revoked_at=None).exclude(video=None, collection=None)
    counts = {
        "membership": Membership.objects.filter(user__is_active=True).count(),
        "share link": shared.count(),
        "API token": ApiToken.living().count(),
    }
    if same_key:
        counts["invitation"] = Invitation.pending().count()
        counts["signed-in browser"] = Session.objects.filter(expire_date__gt=Now()).count()
    return counts


def _own_tables() -> list[str]:
    there = set(connection.introspection.table_names())
    models = apps.get_app_config("wanstudio").get_models(include_auto_created=True)
    return sorted({model._meta.db_table for model in models} & there)


def _known_providers() -> list[str]:
    return [*providers.PROVIDERS, *ProviderKey.objects.values_list("provider", flat=True)]
