"""Restoring a backup: everything is verified before anything is changed, and the database comes last.

No queued job of it is sent before a person decides, and no id is used twice. The database stays as the version that
made the backup had it: that version can run on it, and a newer one migrates it as it starts.
"""

import sqlite3
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from django.apps import apps
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.db import DatabaseError, connection
from django.db.models import Q
from django.db.models.functions import Now

from wanstudio import append_only
from wanstudio.api.models import ApiToken
from wanstudio.encryption import encrypted_fields
from wanstudio.encryption.encrypted_fields import unreadable
from wanstudio.jobs import sent_marks, verbs
from wanstudio.jobs.models import Job, State
from wanstudio.keys import verbs as key_verbs
from wanstudio.keys.models import ProviderKey
from wanstudio.money import kept_sums
from wanstudio.operations.backups import backup, media_files, snapshot, versions
from wanstudio.operations.backups.snapshot import CannotOperate, Manifest, MediaFile
from wanstudio.provider import providers
from wanstudio.requests import verbs as request_verbs
from wanstudio.sharing.models import ShareLink
from wanstudio.teams.models import Invitation, Membership
from wanstudio.videos import search_index
from wanstudio.work.models import Heartbeat

KINDS = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
# More ids than a studio uses between a backup and the loss of its database. A callback or a signed link of those
# days carries such an id: used again, it would lead to another job's video.
IDS_LEFT_OUT = 1_000_000
RESTORED, PUT_BACK = "The studio was restored from its backup of {when}.", "The database was replaced by hand."
UNCONFIRMED = "{origin} This might have been sent and charged since then."
ASKED = "{origin} This might have been approved since then."
STOPPED = "{origin} Check the unconfirmed jobs, then start sending."


@dataclass
class Restored:
    folder: Path
    manifest: Manifest
    media_files: int
    skipped: list[str]
    unconfirmed: int
    same_key: bool
    unreadable: int
    kept: str
    open_again: dict[str, int]
    is_older: bool


def restore(given: Path | None, *, force: bool = False, skip_damaged: bool = False) -> Restored:
    """Bring the newest backup in `given` (or the one it is) into this studio's data folder and database.

    None: the database that is here, replaced by hand, is made safe; it is a backup of itself. A bare file of SQLite
    that an earlier version made is one, too. A backup without media is restored beside those that are here.

    Refused with a sentence, and nothing changed: not whole, damaged, another kind of database, a studio that runs, or
    one with people in it unless `force`. Crash midway: media can be there already, the database is what it was.
    """
    if given is None or given.is_file():
        _refuse_running()
        folder = backup.copy_database(snapshot.ASIDE, given)
    else:
        folder = snapshot.newest(given)
    manifest = snapshot.read_manifest(folder)
    origin = RESTORED.format(when=manifest.when) if given else PUT_BACK
    media, skipped = _verify(folder, manifest, skip_damaged=skip_damaged)
    kept = _look_at_target(force=force) if given else str(folder)
    here = [] if settings.MEDIA_BUCKET else media
    needed = sum(one.size_bytes for one in here if not (snapshot.media_root() / one.path).exists())
    needed += 2 * sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    backup.need_room(Path(settings.DATA_DIR), needed)
    try:
        for one in media:
            media_files.bring_back(one, folder.parent / "media")
        same_key = _secret_key(folder, manifest)
        with backup.engine().restored(folder, manifest):
            versions.migrate_forward()
            unconfirmed = make_safe(manifest, origin)
            if not manifest.has_media:
                named = media_files.names()
                manifest.missing = sorted(name for name in named if not default_storage.exists(name))
            lost, counts = len(unreadable()), open_again(same_key=same_key)
            is_older = versions.migrate_back(manifest)
    except (OSError, sqlite3.Error, DatabaseError) as wrong:
        raise CannotOperate(f"The restore failed, and the database is unchanged: {str(wrong).strip()}") from wrong
    sent_marks.start_anew()
    backup.upgrading().unlink(missing_ok=True)
    # What Django, the ledger and the search keep beside the tables: the triggers, the cache. Those of an older version
    # are its own: its start installs them, and its tables lack what ours name.
    append_only.lock()
    if not is_older:
        kept_sums.install()
        search_index.install()
    call_command("createcachetable", verbosity=0)
    return Restored(folder, manifest, len(media), skipped, unconfirmed, same_key, lost, kept, counts, is_older)


def _verify(folder: Path, manifest: Manifest, *, skip_damaged: bool) -> tuple[list[MediaFile], list[str]]:
    if manifest.kind != connection.vendor:
        raise CannotOperate(
            f"The backup is of {KINDS.get(manifest.kind, manifest.kind)}, and this studio uses "
            f"{KINDS.get(connection.vendor, connection.vendor)}. Set DATABASE_URL to a database of the same kind."
        )
    if wrong := [
        name for name, known in manifest.files.items() if not snapshot.is_intact(folder / name, str(known[0]))
    ]:
        raise CannotOperate(f"{folder} is damaged: {snapshot.some(wrong)}. Use an earlier backup.")
    if newer := versions.unknown(manifest.migrations):
        raise CannotOperate(
            f"The backup was made by another version of Wan Studio ({snapshot.some(newer)}). Use that version."
        )
    listed = list(snapshot.read_media(folder)) if manifest.has_media else []
    # Only names that stay within the media folder.
    names = ((one, PurePosixPath(one.path)) for one in listed)
    within = [one for one, name in names if not name.is_absolute() and ".." not in name.parts]
    good = [one for one in within if snapshot.is_intact(folder.parent / "media" / one.path, one.sha256)]
    bad = sorted({one.path for one in listed} - {one.path for one in good})
    if bad and not skip_damaged:
        raise CannotOperate(
            f"{len(bad)} of {len(listed)} media files in the backup are missing or damaged: {snapshot.some(bad)}. "
            "Use an earlier backup, or bring back all the others with --skip-damaged."
        )
    return good, bad


def _look_at_target(*, force: bool) -> str:
    """Refuses a studio that runs or is in use; with `force` its database is kept, and its path is returned."""
    _refuse_running()
    if not (_has_rows("wanstudio_user") or _has_rows("wanstudio_job")):
        return ""
    if not force:
        raise CannotOperate(
            f"This studio is in use: there are people or jobs in its database. Restore into another WANSTUDIO_DATA"
            f"{' and DATABASE_URL' if connection.vendor != 'sqlite' else ''}, or replace everything with --force; "
            "the present data is then kept in its backups folder."
        )
    return str(backup.copy_database(snapshot.ASIDE))


def _refuse_running() -> None:
    if _has_rows("wanstudio_heartbeat") and Heartbeat.alive():
        raise CannotOperate("The studio is running. Stop it first; if it was killed, wait half a minute and try again.")


def _has_rows(table: str) -> bool:
    with connection.cursor() as cursor:
        if table not in connection.introspection.table_names(cursor):
            return False
        cursor.execute(f'SELECT 1 FROM "{table}" LIMIT 1')  # noqa: S608 (ours)
        return cursor.fetchone() is not None


def _secret_key(folder: Path, manifest: Manifest) -> bool:
    """Whether the studio signs with the same key as when the backup was made, from its next start on."""
    kept, ours = folder / snapshot.SECRET, snapshot.secret_key_file()
    if (encryption := folder / snapshot.ENCRYPTION).exists() and not settings.ENCRYPTION_KEYS:
        encrypted_fields.take_keys(encryption.read_text().split())
    comes_from_file = ours.exists() and ours.read_text().strip() == settings.SECRET_KEY
    if manifest.secret_key_included and comes_from_file:
        snapshot.copy(kept, ours)
        return True
    return manifest.secret_key_fingerprint == snapshot.fingerprint()


def make_safe(manifest: Manifest, origin: str) -> int:
    """Make every job that could be sent unconfirmed, stop all sending, leave out ids. Returns how many jobs that are.

    The backup is outdated: since then, the studio might have sent the jobs queued in it, and used ids that it does not
    know. Runs inside the restore: it takes effect together with it, or not at all.
    """
    models = apps.get_app_config("wanstudio").get_models(include_auto_created=True)
    for table in {model._meta.db_table for model in models} & {*connection.introspection.table_names()}:
        backup.engine().move_ids(table, manifest.sequences.get(table, 0) + IDS_LEFT_OUT)
    waiting = list(Job.objects.filter(state__in=(State.QUEUED, State.SUBMITTING, State.UNCERTAIN)).order_by("pk"))
    for job in waiting:
        verbs.mark_restored(job, UNCONFIRMED.format(origin=origin))
    # Its mail might be clicked, or was: a video that was approved since the backup would be made, and paid, once more.
    request_verbs.expire_open(ASKED.format(origin=origin))
    known = (rows.values_list("provider", flat=True) for rows in (Job.objects.order_by(), ProviderKey.objects.all()))
    for provider in {*providers.PROVIDERS}.union(*known):
        key_verbs.stop(ProviderKey.at(provider), STOPPED.format(origin=origin))
    Heartbeat.objects.all().delete()
    return len(waiting)


def open_again(*, same_key: bool) -> dict[str, int]:
    """Access that is open now, a count by kind: some of it might have been closed after the backup was made.

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
