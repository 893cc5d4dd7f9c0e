"""The studio's settings with a provider whose every interval is shorter, by the factor in PACE.

So also where its address does not say that it is on this machine, and callbacks are off: there `WANSTUDIO_PACE` is
refused. Nothing else of it changes: its minute has fewer seconds, in which as many calls are allowed.
"""

import os
from dataclasses import replace

from wanstudio.provider import providers

_main = providers.BILLED[0]
providers.PROVIDERS[_main.name] = replace(_main, pace=float(os.environ["PACE"]))

from wanstudio.settings import *  # noqa: E402, F403
