"""The worker's steps for notifications: digests and the deliveries of webhooks."""

from wanstudio.notifications.models.digest import Digest
from wanstudio.notifications.models.webhooks import Delivery
from wanstudio.notifications.steps.daily_digest import send_digest
from wanstudio.notifications.steps.webhook_delivery import deliver
from wanstudio.work import registry

registry.register(Digest, send_digest)
registry.register(Delivery, deliver)
