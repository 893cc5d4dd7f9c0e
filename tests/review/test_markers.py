"""Markers for editing programs, held against values worked out by hand: timecodes, fractions, names that do harm."""

import csv
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from django.test import Client

from tests.page_rows import finished
from wanstudio.accounts.models import User
from wanstudio.media.timing.frame_times import FrameTimes, parse, smpte
from wanstudio.review.models import Comment
from wanstudio.review.verbs import Guest, Said, add_comment, resolve_comment
from wanstudio.sharing.verbs import make_link
from wanstudio.teams.models import Team
from wanstudio.videos.models import Video

# Text of the frame times, a frame; its timecode, when it begins and how long it is, as FCPXML has them.
FRAMES = [
    ("24000/1001 24000 0 1001x2879", 48, "00:00:02:00", "48048/24000s", "1001/24000s"),
    ("24000/1001 24000 0 1001x2879", 1440, "00:01:00:00", "1441440/24000s", "1001/24000s"),
    ("30000/1001 30000 0 1001x3599", 1799, "00:00:59;29", "1800799/30000s", "1001/30000s"),
    ("30000/1001 30000 0 1001x3599", 1800, "00:01:00;02", "1801800/30000s", "1001/30000s"),
    ("30 15360 0 512x3599", 45, "00:00:01:15", "45/30s", "1/30s"),
    ("30 15360 0 512x3599", 1800, "00:01:00:00", "1800/30s", "1/30s"),
]


@pytest.fixture
def video(team: Team, alice: User) -> Video:
    return finished(team, alice, title="Mira & <the> quay | night")


def markers(client: Client, video: Video, kind: str) -> str:
    answer = client.get(f"/videos/{video.pk}/markers.{kind}")
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"].endswith(f'.{kind}"')
    return answer.getvalue().decode()


@pytest.mark.parametrize(("text", "frame", "code", "fraction", "one_frame"), FRAMES)
def test_a_marker_is_at_its_very_frame(
    text: str, frame: int, code: str, fraction: str, one_frame: str, video: Video, alice: User, as_alice: Client
) -> None:
    Video.objects.filter(pk=video.pk).update(frame_times=text, duration=120.0)
    video.refresh_from_db()
    timing = parse(text)
    assert timing
    # As a page says it, with three decimals; a time in the middle of the frame means it, too.
    add_comment(video, Said("Here", round(timing.start(frame), 3)), alice)
    add_comment(video, Said("There", (timing.start(frame) + timing.start(frame + 1)) / 2), alice)
    lines = markers(as_alice, video, "edl").split("\r\n")
    assert lines[1] == ("FCM: DROP FRAME" if ";" in code else "FCM: NON-DROP FRAME")
    end = smpte(frame + 1, timing.nominal, drop=timing.is_drop_frame)
    assert lines[3] == f"001  AX       V     C        {code} {end} {code} {end}"
    assert lines[4] == "Here |C:ResolveColorRed |M:Alice |D:1"
    assert lines[5] == f"* LOC: {code} RED     Alice: Here"
    rows = list(csv.DictReader(markers(as_alice, video, "csv").splitlines()))
    assert [(row["timecode"], row["frame"]) for row in rows] == [(code, str(frame))] * 2
    root = ElementTree.fromstring(markers(as_alice, video, "fcpxml"))
    assert {each.get("start") for each in root.iter("marker")} == {fraction}
    step = root.find("resources/format")
    assert step is not None
    assert step.get("frameDuration") == one_frame
    assert {each.get("tcFormat") for each in root.iter("asset-clip")} == {"DF" if ";" in code else "NDF"}


def test_dropped_numbers_are_skipped_once_a_minute_but_for_every_tenth() -> None:
    """SMPTE ST 12-1: 17,982 frames are ten minutes; no number is given twice."""
    assert smpte(17_981, 30, drop=True) == "00:09:59;29"
    assert smpte(17_982, 30, drop=True) == "00:10:00;00"
    assert smpte(107_892, 30, drop=True) == "01:00:00;00"
    assert smpte(3_600, 60, drop=True) == "00:01:00;04"
    codes = [smpte(frame, 30, drop=True) for frame in range(40_000)]
    assert all(early < late for early, late in pairwise(codes))
    assert not any(code.endswith((";00", ";01")) and code[6:8] == "00" and code[4] != "0" for code in codes)


def test_names_and_texts_do_no_harm(video: Video, alice: User, as_alice: Client) -> None:
    Video.objects.filter(pk=video.pk).update(frame_times=FrameTimes.of(30, range(420)).text)
    video.refresh_from_db()
    text = '=cmd() <b>&"\x0b]]> |M:no\nFCM: DROP FRAME\n* LOC: 00:00:00:00'
    comment = add_comment(video, Said(text, 1.0, 2.0), Guest("Jo <script>"))
    add_comment(video, Said("Seen", parent=comment), alice)
    resolve_comment(comment, alice, done=True)
    root = ElementTree.fromstring(markers(as_alice, video, "fcpxml"))
    marker = next(root.iter("marker"))
    said = '=cmd() <b>&"]]> |M:no FCM: DROP FRAME * LOC: 00:00:00:00 / Alice: Seen'
    assert marker.attrib == {"start": "30/30s", "duration": "31/30s", "value": f"Jo <script>: {said}", "completed": "1"}
    assert [each.get("name") for each in root.iter("project")] == ["Mira & <the> quay | night"]
    lines = markers(as_alice, video, "edl").split("\r\n")
    assert sum(line.startswith("FCM:") for line in lines) == 1
    assert sum(line.startswith("* LOC:") for line in lines) == 1
    assert sum(line.count("|M:") for line in lines) == 1
    row = next(csv.DictReader(markers(as_alice, video, "csv").splitlines()))
    assert row["text"].startswith("'=cmd()")
    assert (row["guest"], row["done"], row["answers"]) == ("yes", "yes", "Alice: Seen")


def test_members_get_internal_markers_and_guests_get_none(
    video: Video, alice: User, as_vera: Client, as_charlie: Client
) -> None:
    add_comment(video, Said("Between us", 1.0, internal=True), alice)
    token = make_link(video, alice, may_comment=True).token
    for kind in ("csv", "edl", "fcpxml"):
        assert "Between us" in markers(as_vera, video, kind)
        assert as_charlie.get(f"/videos/{video.pk}/markers.{kind}").status_code == 404
        assert Client().get(f"/videos/{video.pk}/markers.{kind}").status_code == 302
        assert Client().get(f"/s/{token}/videos/{video.pk}/markers.{kind}").status_code == 404
    assert Comment.objects.count() == 1
