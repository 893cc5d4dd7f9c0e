"""Settings that are refused at the start: a file or folder that cannot be used, and a misspelt name."""

import difflib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dotenv import dotenv_values
from environs import Env, EnvError

from wanstudio.provider import providers


@contextmanager
def usable(path: Path | str) -> Iterator[None]:
    """Refuses to start with a file or folder that cannot be read or written."""
    try:
        yield
    except OSError as wrong:
        where = wrong.filename or path
        raise EnvError(
            f"{where} cannot be used: {wrong.strerror}. It has to belong to the account that runs the studio, on a "
            "disk with room that can be written. WANSTUDIO_DATA sets another folder."
        ) from wrong


# Names with our prefixes that are no settings: of commands and of tests.
NO_SETTINGS = re.compile(r"WANSTUDIO_(ENV_FILE|PASSWORD|TEST_[A-Z_]+)\Z")


def unknown_names(env: Env, env_file: str) -> list[str]:
    """A sentence for each name of ours, here or in the file, that is no setting; a misspelt one is refused.

    A misspelt key would leave the studio in the sandbox, a misspelt limit at its default, and nobody would notice. What
    resembles no setting is of another version or another program: after a rollback it must not stop the studio.
    """
    given = {*os.environ, *(dotenv_values(env_file) if env_file else ())}
    known, prefixes = list(env.dump()), ("WANSTUDIO_", *(provider.variable("") for provider in providers.BILLED))
    unknown = [
        name
        for name in sorted(given)
        if name.startswith(prefixes) and name not in known and not NO_SETTINGS.match(name)
    ]
    for name in unknown:
        if near := difflib.get_close_matches(name, known, 1, 0.8):
            raise EnvError(f"There is no setting {name}. Is it {near[0]}? Correct the name, or take it out.")
    return [
        f"{name} is no setting of this version, and is ignored. Take it out, or see .env.example." for name in unknown
    ]
