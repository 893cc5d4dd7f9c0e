"""Values of settings: each function returns the value or refuses it in one sentence that names the variable.

`settings.py` calls these; they import no Django, so that they can run before it.
"""

import base64
import difflib
import ipaddress
import re
from collections.abc import Iterable
from datetime import date
from decimal import Decimal, InvalidOperation
from urllib.parse import urlsplit

from environs import EnvError, ValidationError, validate

from wanstudio.provider import providers
from wanstudio.provider.base import Model, PriceTable
from wanstudio.settings_files import SUFFIX

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

a_port = validate.Range(1, 65535, error="a port is a number from 1 to 65535.")
positive = validate.Range(0, min_inclusive=False, error="it must be greater than 0.")
not_negative = validate.Range(0, error="it must be 0 or greater.")
a_model = validate.Regexp(
    r"[A-Za-z0-9._-]{1,100}\Z", error="a model's name has letters, digits, dots, dashes and underscores only."
)
an_internal_path = validate.Regexp(
    r"((/[a-z0-9_-]+)+/)?\Z", error="it must be a path such as /media/, with a slash at both ends."
)
a_token = validate.Regexp(r"([!-~]{16,})?\Z", error="a token has at least 16 characters, and no spaces.")
a_dsn = validate.Regexp(
    r"(https?://[^/@\s]+@[^/\s]+(/\S*)?/\d+)?\Z", error="it must look like https://key@errors.example.com/1."
)
a_log_level = validate.OneOf(
    ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"), error="use DEBUG, INFO, WARNING, ERROR or CRITICAL."
)
a_log_format = validate.OneOf(("text", "json"), error="use text or json.")


def _refused(name: str, why: str) -> EnvError:
    return EnvError(f'Environment variable "{name}" invalid: {why}')


def an_address(value: str) -> None:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
        raise ValidationError(f"it must be an address such as {providers.BILLED[0].base_url}.")


def encryption_key(text: str) -> bool:
    """True if it is one: 32 bytes in URL-safe base64."""
    try:
        return len(base64.b64decode(text, altchars=b"-_", validate=True)) == 32
    except ValueError:
        return False


def encryption_keys(values: list[str]) -> tuple[str, ...]:
    """The first one encrypts. What is wrong is not repeated: it can be a key with a typing error."""
    found = tuple(value.strip() for value in values if value.strip())
    if not all(map(encryption_key, found)):
        raise _refused(
            "WANSTUDIO_ENCRYPTION_KEYS",
            "each key is 32 random bytes in URL-safe base64 "
            "(44 characters), separated by commas. Make one with: openssl rand -base64 32 | tr +/ -_",
        )
    return found


def price_table(name: str, text: str, model: Model) -> PriceTable:
    """`2026-01-01 480p=0.04 720p=0.08; 2027-01-01 …` as a table; the model's own if nothing was written."""
    rows = [row.split() for row in text.split(";") if row.strip()]
    if not rows:
        return model.price_table
    try:
        return sorted((_price_row(row, model) for row in rows), key=lambda row: row[0])
    except (ValueError, IndexError, InvalidOperation):
        day, prices = model.price_table[0]
        like = " ".join([day.isoformat(), *(f"{resolution}={price}" for resolution, price in prices.items())])
        raise _refused(name, f'it must read like "{like}".') from None


def _price_row(words: list[str], model: Model) -> tuple[date, dict[str, Decimal]]:
    prices = {name: Decimal(price) for name, price in (word.split("=") for word in words[1:])}
    if set(prices) != set(model.resolution_names) or not all(p.is_finite() and p > 0 for p in prices.values()):
        raise ValueError(words)
    return date.fromisoformat(words[0]), prices


def is_loopback(url: str) -> bool:
    """True if an address names this machine: localhost or a loopback IP."""
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def pace(value: float | None, base_url: str) -> float | None:
    if value is None:
        return None
    if not 0 < value <= 100:
        raise _refused("WANSTUDIO_PACE", "it must be greater than 0 and at most 100.")
    if value < 1 and not is_loopback(base_url):
        raise _refused(
            "WANSTUDIO_PACE",
            "below 1 the studio would ask "
            f"{providers.BILLED[0].display_name} more often than it allows. Leave it out, or use 1 or more.",
        )
    return value


def public_address(value: str) -> str:
    """`WANSTUDIO_URL` without a trailing slash, or an empty string."""
    if not (value := value.strip().rstrip("/")):
        return ""
    parts = urlsplit(value)
    good = parts.hostname and not parts.path and not parts.query and not parts.username
    if not good or not (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(value))):
        raise _refused(
            "WANSTUDIO_URL",
            "it must be the https address of this studio, such as https://studio.example.com, without a path.",
        )
    return value


def private_hosts(pairs: list[str]) -> frozenset[str]:
    pairs = [pair.strip() for pair in pairs if pair.strip()]
    for pair in pairs:
        if not re.fullmatch(r"(\[[0-9a-fA-F:.]+\]|[^\s:/@]+):\d{1,5}", pair):
            raise _refused("WANSTUDIO_PRIVATE_HOSTS", f'"{pair}" must read like media.local:8080.')
    return frozenset(pair.lower() for pair in pairs)


def networks(values: list[str], name: str) -> list[Network]:
    try:
        return [ipaddress.ip_network(value.strip(), strict=False) for value in values if value.strip()]
    except ValueError as wrong:
        raise _refused(name, f"{wrong}. Give addresses or networks such as 10.0.0.5 or 10.0.0.0/24.") from None


def is_every(host: str) -> bool:
    """True for what binds every address of the machine, and so names none of them."""
    return host in ("0.0.0.0", "::")  # noqa: S104 (compared, not bound)


def named(host: str) -> str:
    """The host as an address or a `Host` header writes it: IPv6 in brackets."""
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def own_address(host: str, port: int, names: Iterable[str] = ()) -> str:
    """`http://host:port`: the bound host; if every one is bound, the first of `names` that is a host; else loopback."""
    concrete = (name for name in map(str.strip, names) if name and name[0] not in "*." and not is_loopback(f"//{name}"))
    return f"http://{named(next(concrete, '127.0.0.1') if is_every(host) else host)}:{port}"


def allowed_hosts(extra: list[str], host: str, public_url: str) -> list[str]:
    """Loopback names always (health checks, the sandbox's downloads), then what the settings open."""
    names = ["127.0.0.1", "localhost", "[::1]", *(name.strip() for name in extra if name.strip())]
    if not is_every(host):
        names.append(named(host))
    if public_url:
        names.append(urlsplit(public_url).hostname or "")
    return list(dict.fromkeys(names))


def a_broker(value: str) -> None:
    """The value is not repeated in the refusal: it holds a password."""
    try:
        parts = urlsplit(value)
        good = parts.scheme in ("amqp", "amqps", "redis", "rediss") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if value and not good:
        raise ValidationError(
            "it must be the address of a RabbitMQ or Redis, such as amqp://user:password@host:5672// or "
            "redis://host:6379/0 (with TLS amqps or rediss); write characters such as @ / # : in a password as %40 %2F "
            "%23 %3A."
        )


def mail_from(given: str, account: str, public_address: str) -> str:
    """The sender of mails: as set, else the account at the mail server, else an address at the studio's own name."""
    if given and not re.fullmatch(r"[^\r\n]*[^\s@<>]+@[^\s@<>]+>?", given):
        raise _refused("WANSTUDIO_MAIL_FROM", "it must be an address such as Wan Studio <studio@example.com>.")
    address = account if "@" in account else f"studio@{urlsplit(public_address).hostname}"
    return given or f"Wan Studio <{address}>"


def logging(level: str, form: str, secrets: list[str]) -> dict[str, object]:
    lines = {"text": "wanstudio.operations.logs.TextLines", "json": "wanstudio.operations.logs.JsonLines"}[form]
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"about": {"()": "wanstudio.operations.logs.AddAbout"}},
        "formatters": {"line": {"()": lines, "secrets": secrets}},
        "handlers": {
            "console": {"class": "wanstudio.operations.logs.Console", "formatter": "line", "filters": ["about"]}
        },
        "root": {"handlers": ["console"], "level": level},
        "loggers": {
            "django.server": {"handlers": [], "propagate": True},
            # A client that went away, and a moment in which all threads work, are nothing to report.
            "waitress": {"level": "WARNING"},
            "waitress.queue": {"level": "ERROR"},
            # At DEBUG it writes what it signs, links among it.
            "botocore": {"level": "INFO"},
        },
    }


# Names with our prefixes that are no settings: of commands and of tests.
NO_SETTINGS = re.compile(r"WANSTUDIO_(ENV_FILE|PASSWORD|PASSWORD_FILE|TEST_[A-Z_]+)\Z")


def unknown_names(given: Iterable[str], known: Iterable[str]) -> list[str]:
    """A sentence for each given name with our prefix that is not a setting; a misspelt one is refused.

    A misspelt key would leave the studio in the sandbox, a misspelt limit at its default, and no one would notice. What
    resembles no setting is of another version or another program: after a rollback it must not stop the studio.
    """
    known = [name + end for name in known for end in ("", SUFFIX)]
    prefixes = ("WANSTUDIO_", *(provider.variable("") for provider in providers.BILLED))
    unknown = [
        name
        for name in sorted(given)
        if name.startswith(prefixes) and name not in known and not NO_SETTINGS.match(name)
    ]
    for name in unknown:
        if near := difflib.get_close_matches(name, known, 1, 0.8):
            raise EnvError(f"There is no setting {name}. Did you mean {near[0]}? Correct the name, or remove it.")
    return [
        f"{name} is not a setting of this version and is ignored. Remove it, or see .env.example." for name in unknown
    ]
