"""A whole studio whose provider is scripted: real web, real worker, and a person who uses it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.e2e.person import Person
from tests.e2e.studio import Studio
from tests.e2e.template import OWNER, PASSWORD
from tests.fake_apixo import KEY, FakeApixo, running


@contextmanager
def studio_with(
    folder: Path, template: Path | None = None, *, callbacks: bool = True, **env: str
) -> Iterator[tuple[Studio, FakeApixo, Person]]:
    """`callbacks` False: the provider's address leads to this machine and does not say so, as a far one's."""
    with running() as apixo:
        base = apixo.url if callbacks else apixo.url.replace("127.0.0.1", "0.0.0.0")
        ours = {"APIXO_API_KEY": KEY, "APIXO_BASE_URL": base, "WANSTUDIO_PRIVATE_HOSTS": apixo.host}
        studio = Studio(folder / "data", template, **{"LOG_LEVEL": "WARNING", **ours, **env}).start()
        try:
            if not template:
                studio.manage(*OWNER, WANSTUDIO_PASSWORD=PASSWORD)
            yield studio, apixo, Person(studio)
        finally:
            studio.stop()
