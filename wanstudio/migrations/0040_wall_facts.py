"""What the wall filters by, copied into the rows of videos, and the indexes of its filters and of lists of jobs.

The columns are added without a value, which rewrites no table, and filled in one pass.
"""

from django.db import migrations, models

COPIED = {"team": "team", "person": "user", "character": "source", "motion": "source"}
FACTS = ("person", "behaviour", "resolution", "approval")
FILL = """
    UPDATE wanstudio_video SET team_id = job.team_id, person_id = job.person_id, character_id = job.character_id,
        motion_id = job.motion_id, behaviour = job.behaviour, resolution = job.resolution,
        approval = (SELECT nullif(decision, 'open') FROM wanstudio_verdict
            WHERE wanstudio_verdict.video_id = wanstudio_video.id ORDER BY wanstudio_verdict.id DESC LIMIT 1)
    FROM wanstudio_job job WHERE job.id = wanstudio_video.job_id
"""


def fields(null: bool) -> list[migrations.AddField]:
    empty = {"null": True} if null else {}
    key = {"on_delete": models.DO_NOTHING, "related_name": "+", "db_constraint": False, "db_index": False}
    keys = [
        migrations.AddField("video", name, models.ForeignKey(to=f"wanstudio.{to}", editable=False, **key, **empty))
        for name, to in COPIED.items()
    ]
    words = [
        migrations.AddField("video", name, models.CharField(max_length=10, editable=False, **empty))
        for name in ("behaviour", "resolution")
    ]
    return [*keys, *words]


def index(model: str, name: str, *fields: str, only: models.Q | None = None) -> migrations.AddIndex:
    return migrations.AddIndex(model, models.Index(fields=fields, name=name, condition=only))


def wall(name: str, *fields: str, with_facts: bool = True) -> migrations.AddIndex:
    more = [fact for fact in FACTS if fact not in fields] if with_facts else []
    return index("video", name, "team", *fields, "-id", *more, only=models.Q(binned_at=None))


class Migration(migrations.Migration):
    dependencies = [("wanstudio", "0039_trims")]

    operations = [
        migrations.SeparateDatabaseAndState(fields(null=True), fields(null=False)),
        migrations.AddField(
            "video",
            "approval",
            models.CharField(
                max_length=12,
                null=True,
                editable=False,
                help_text="The decision that counts; null while nobody has decided.",
            ),
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        wall("wall_newest"),
        wall("wall_of_person", "person"),
        wall("wall_of_behaviour", "behaviour"),
        wall("wall_of_resolution", "resolution"),
        wall("wall_of_approval", "approval"),
        wall("wall_of_character", "character", with_facts=False),
        wall("wall_of_motion", "motion", with_facts=False),
        wall("wall_by_day", "-archived_at"),
        index("video", "video_bin", "team", "-id", only=models.Q(binned_at__isnull=False)),
        index("collectedvideo", "collected_newest", "collection", "-id"),
        index("source", "source_newest", "team", "-id", only=models.Q(deleted_at=None)),
        index("source", "source_of_kind", "team", "kind", "-id", only=models.Q(deleted_at=None)),
        index("source", "source_bin", "team", "-id", only=models.Q(deleted_at__isnull=False)),
        index("job", "job_of_character", "team", "character", "-id"),
        index("job", "job_of_motion", "team", "motion", "-id"),
        migrations.RemoveIndex("notification", "notification_unread"),
        index("notification", "unread_of_person", "person", "read_at", "-id", only=models.Q(read_at=None)),
        migrations.RunSQL(
            "CREATE INDEX tag_of_video ON wanstudio_video_tags (tag_id, video_id)", "DROP INDEX tag_of_video"
        ),
    ]
