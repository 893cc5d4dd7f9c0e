"""The worker's steps for notifications: digests and the deliveries of webhooks."""

from wanstudio.notifications.models.digest import Digest
from wanstudio.notifications.models.webhooks import Delivery
from wanstudio.notifications.steps import digests, webhook_delivery
from wanstudio.work import registry

registry.register(Digest, digests.send)
registry.register(Delivery, webhook_delivery.deliver)
