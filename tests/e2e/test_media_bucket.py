"""A browser and media in a bucket: what it plays comes by links that expire, and goes on when one has."""

from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event

import av
import pytest
from PIL import Image

from tests import s3_storage
from tests.e2e.conftest import Opened
from tests.e2e.studio import Studio, wait_until
from tests.s3_storage import Refused, Storage
from wanstudio.settings_bucket import MEDIA, UPLOADS

FILM = """
from pathlib import Path
from django.core.files.base import ContentFile
from tests.page_rows import finished
from wanstudio.models import Team, User
video = finished(Team.objects.get(), User.objects.get())
video.file.save("video.mp4", ContentFile(Path(PATH).read_bytes()), save=False)
video.duration, video.size_bytes, video.frame_times = 60.0, video.file.size, None
video.save()
print(video.pk)
"""


@pytest.fixture
def bucket() -> Iterator[Storage]:
    with s3_storage.running() as storage:
        yield storage


def noisy_film(path: Path) -> None:
    """A minute of noise: a browser does not read so much ahead."""
    with av.open(path, "w", options={"movflags": "+faststart"}) as target:
        stream = target.add_stream("libx264", 5, {"preset": "ultrafast", "crf": "4", "g": "5"})
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        for _ in range(300):
            picture = Image.effect_noise((320, 240), 100).convert("RGB")
            target.mux(stream.encode(av.VideoFrame.from_image(picture)))  # type: ignore[no-untyped-call]
        target.mux(stream.encode())


def test_video_plays_by_links_and_goes_on_after_one_has_expired(
    start_studio: Callable[..., Studio], bucket: Storage, opened: Opened, tmp_path: Path
) -> None:
    env = {name: value for name, value in bucket.settings.items() if name != UPLOADS}
    studio = start_studio(**env, **{MEDIA: bucket.settings[UPLOADS], "WANSTUDIO_MEDIA_LINKS": "1"})
    noisy_film(tmp_path / "film.mp4")
    pk = studio.python(FILM.replace("PATH", repr(str(tmp_path / "film.mp4"))))
    page = opened(studio)
    page.goto(f"{studio.url}/videos/{pk}/")
    video = page.locator(f"#video-{pk}")
    video.evaluate("video => { video.muted = true; return video.play(); }")
    wait_until(lambda: video.evaluate("video => video.currentTime > 0.3"), "it plays")
    clip = max(bucket.objects, key=lambda key: len(bucket.objects[key].body))
    assert {asked.by for asked in bucket.asked if (asked.method, asked.key) == ("GET", clip)} == {"link"}
    before, refused = len(bucket.asked), Event()

    def expired(method: str, key: str) -> None:
        """As the storage says of the link that the browser has, and not of the next one."""
        if (method, key) == ("GET", clip) and not refused.is_set():
            refused.set()
            raise Refused(403, "AccessDenied", "<Expires>past</Expires>")

    bucket.before = expired
    video.evaluate("video => { video.currentTime = 50; }")
    wait_until(
        lambda: video.evaluate("video => !video.error && !video.seeking && video.currentTime > 50.3"), "it goes on"
    )
    statuses = [asked.status for asked in bucket.asked[before:] if asked.key == clip]
    # What was read ahead until then came before.
    assert 200 in statuses[statuses.index(403) :]
