"""What was made from the same files or links, however often they were uploaded, becomes one lineage."""

import logging
from hashlib import sha256

from django.core.files.storage import default_storage
from django.db import migrations

log = logging.getLogger(__name__)
PIECE_BYTES = 1024 * 1024


def look_at_sources(apps, schema_editor):
    Source = apps.get_model("wanstudio", "Source")
    rows = Source.objects.filter(fingerprint="").exclude(url="", file="").order_by("pk")
    for pk, url, file in rows.values_list("pk", "url", "file"):
        if mark := link_mark(url) if url else file_mark(file):
            Source.objects.filter(pk=pk).update(fingerprint=mark)


def link_mark(url):
    return sha256(url.encode()).hexdigest()


def file_mark(name):
    """Empty for a file that is gone: nothing can be the same as that."""
    digest = sha256()
    try:
        with default_storage.open(name) as file:
            while piece := file.read(PIECE_BYTES):
                digest.update(piece)
    except Exception as wrong:
        # A storage raises what it likes, and versions are worth no failed start.
        log.warning("%s could not be read, so other uploads of it are not known: %s", name, wrong)
        return ""
    return digest.hexdigest()


def stack_jobs(apps, schema_editor):
    """The first job of each team, character, motion and behaviour is what the others are versions of."""
    Job, Source = apps.get_model("wanstudio", "Job"), apps.get_model("wanstudio", "Source")
    marks = dict(Source.objects.exclude(fingerprint="").values_list("pk", "fingerprint"))
    first = {}
    jobs = Job.objects.order_by("pk").values_list("pk", "team", "character", "motion", "behaviour", "lineage")
    moved = []
    for pk, team, character, motion, behaviour, lineage in jobs.iterator(chunk_size=2000):
        root = first.setdefault((team, marks.get(character, character), marks.get(motion, motion), behaviour), pk)
        wanted = None if root == pk else root
        if lineage != wanted:
            moved.append((pk, wanted))
    for pk, wanted in moved:
        Job.objects.filter(pk=pk).update(lineage=wanted)


class Migration(migrations.Migration):
    dependencies = [
        ("wanstudio", "0025_fingerprints"),
    ]

    operations = [
        migrations.RunPython(look_at_sources, migrations.RunPython.noop),
        migrations.RunPython(stack_jobs, migrations.RunPython.noop),
    ]
