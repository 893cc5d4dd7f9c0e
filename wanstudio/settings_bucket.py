"""Buckets of S3-compatible storage, at one address and with one key.

From `AWS_STORAGE_BUCKET_NAME` a provider fetches uploaded files; `WANSTUDIO_MEDIA_BUCKET` holds the media themselves.
"""

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from environs import Env, EnvError

# Each link names the bucket before its host (virtual) or in its path.
STYLES = ("path", "virtual")
UPLOADS, MEDIA = "AWS_STORAGE_BUCKET_NAME", "WANSTUDIO_MEDIA_BUCKET"


@dataclass(frozen=True)
class Bucket:
    """`endpoint` empty: Amazon's own. Without a key the machine's own credentials are looked for, as Amazon's do."""

    name: str
    region: str
    endpoint: str
    style: str
    folder: str
    key_id: str = ""
    secret: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    setting: str = UPLOADS

    @property
    def origin(self) -> str:
        """The address that its links begin with, up to the path."""
        parts = urlsplit(self.endpoint or f"https://s3.{self.region}.amazonaws.com")
        return f"{parts.scheme}://{f'{self.name}.' if self.style == 'virtual' else ''}{parts.netloc}"

    @property
    def host(self) -> str:
        return self.origin.partition("//")[2]

    @property
    def media_folder(self) -> str:
        return f"{self.folder}/media/".lstrip("/")


def bucket(env: Env, setting: str = UPLOADS) -> Bucket | None:
    """None without a name. Raises EnvError for what cannot be one; no value of a secret is repeated."""
    names = {
        UPLOADS: env.str("AWS_STORAGE_BUCKET_NAME", "").strip(),
        MEDIA: env.str("WANSTUDIO_MEDIA_BUCKET", "").strip(),
    }
    name, endpoint = names[setting], env.str("AWS_S3_ENDPOINT_URL", "").strip(" /")
    key_id, secret = env.str("AWS_ACCESS_KEY_ID", "").strip(), env.str("AWS_SECRET_ACCESS_KEY", "").strip()
    token, region = env.str("AWS_SESSION_TOKEN", "").strip(), env.str("AWS_S3_REGION_NAME", "").strip()
    style, folder = env.str("AWS_S3_ADDRESSING_STYLE", "").strip(), env.str("AWS_LOCATION", "").strip("/ ")
    if not name:
        return None
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]", name):
        raise _refused(setting, "it must be the name of a bucket, such as wan-studio-uploads.")
    if setting == MEDIA and name == names[UPLOADS]:
        raise _refused(MEDIA, f"it must be another bucket than {UPLOADS}, whose files are removed after their jobs.")
    parts = urlsplit(endpoint)
    is_good = parts.scheme in ("http", "https") and parts.hostname and not (parts.path or parts.query or parts.username)
    if endpoint and not is_good:
        raise _refused("AWS_S3_ENDPOINT_URL", "it must be an address without a path, such as https://s3.example.com.")
    if not endpoint and not region:
        raise _refused("AWS_S3_REGION_NAME", "name the region of the bucket, such as eu-central-1.")
    if not re.fullmatch(r"[a-z0-9-]*", region):
        raise _refused("AWS_S3_REGION_NAME", "a region has lowercase letters, digits and dashes, such as eu-central-1.")
    if bool(key_id) != bool(secret):
        absent = "AWS_SECRET_ACCESS_KEY" if key_id else "AWS_ACCESS_KEY_ID"
        raise _refused(absent, "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are set together, or both left out.")
    if style and style not in (*STYLES, "auto"):
        raise _refused("AWS_S3_ADDRESSING_STYLE", "use path, virtual or auto.")
    if not re.fullmatch(r"[A-Za-z0-9._/-]*", folder) or ".." in folder:
        raise _refused("AWS_LOCATION", "it must be a folder in the bucket, such as studio.")
    if style not in STYLES:
        # Amazon answers by path to links of its own regions; a certificate covers no name with further dots.
        style = "path" if endpoint or "." in name else "virtual"
    return Bucket(name, region or "us-east-1", endpoint, style, folder, key_id, secret, token, setting)


def _refused(name: str, why: str) -> EnvError:
    return EnvError(f'Environment variable "{name}" invalid: {why}')
