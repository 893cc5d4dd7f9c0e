"""Files of settings: the value of any setting can be in a file that `<NAME>_FILE` names, as engines mount secrets.

What is read from a file is never written into the environment, where programs that the studio starts could see it.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from environs import Env, EnvError

SUFFIX = "_FILE"


class SettingsEnv(Env):
    """Reads a setting from the environment or from its file; each `env.str` and its like goes through here.

    The road not taken: `environs.FileAwareEnv` takes the file without a word when both are set, and an empty one.
    """

    def _get_value(self, env_key: str, default: Any) -> Any:
        # What `.env` says is kept there, and the environment is asked first.
        value = given(env_key, {**self._environ, **os.environ})
        return default if value is None else value


def given(name: str, among: Mapping[str, str] = os.environ) -> str | None:
    """The text of a setting, or None. Raises EnvError for a file that cannot be what was meant; no value is shown."""
    value, path = among.get(name), among.get(f"{name}{SUFFIX}")
    if not path:
        return value
    if value:
        raise EnvError(f"{name} and {name}{SUFFIX} are both set. Remove one of them: only one of the two can be meant.")
    # What is no whole path can be the secret itself, under the wrong one of the two names.
    shown = path if path.startswith("/") else "the file that it names"
    try:
        text = Path(path).read_text().strip()
    except OSError as wrong:
        raise _refused(
            name, f"{shown} cannot be read: {wrong.strerror}. The account that runs the studio needs it"
        ) from None
    except ValueError:
        raise _refused(name, f"{shown} is not a text file") from None
    if not text:
        raise _refused(name, f"{shown} is empty. Write the value into it, or remove {name}{SUFFIX}")
    return text


def _refused(name: str, why: str) -> EnvError:
    return EnvError(f'Environment variable "{name}{SUFFIX}" invalid: {why}.')
