"""Every noun's models, imported here so that Django finds them under the one app label."""

# ruff: noqa: F403
from wanstudio.accounts.models import *
from wanstudio.activity.models import *
from wanstudio.api.models import *
from wanstudio.jobs.models import *
from wanstudio.keys.models import *
from wanstudio.money.models import *
from wanstudio.notifications.models import *
from wanstudio.notifications.push_rows import *
from wanstudio.requests.models import *
from wanstudio.review.models import *
from wanstudio.sharing.models import *
from wanstudio.teams.models import *
from wanstudio.uploads.arrivals.link_copies import *
from wanstudio.uploads.bridge.bucket_check import *
from wanstudio.uploads.bridge.copies import *
from wanstudio.uploads.models import *
from wanstudio.uploads.scans import *
from wanstudio.videos.models import *
from wanstudio.work.mails import *
from wanstudio.work.models import *
