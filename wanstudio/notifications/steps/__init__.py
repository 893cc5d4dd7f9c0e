"""The worker's steps for notifications: mails, digests and the deliveries of webhooks."""

from wanstudio.notifications.models.mails import Digest, Mail
from wanstudio.notifications.models.webhooks import Delivery
from wanstudio.notifications.steps import digests, mail_sending, webhook_delivery
from wanstudio.work import registry

registry.register(Mail, mail_sending.send)
registry.register(Digest, digests.send)
registry.register(Delivery, webhook_delivery.deliver)
