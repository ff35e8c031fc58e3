"""Main events for those who do not look at the product: the system's own log, e-mail, a webhook."""

from nodeagent.adapters.notify.mail import MailServer
from nodeagent.adapters.notify.message import Message, NotSent
from nodeagent.adapters.notify.outbox import WINDOW, Outbox, Pace
from nodeagent.adapters.notify.system_log import NoSystemLog, SystemLog, system_log
from nodeagent.adapters.notify.webhook import Webhook

__all__ = [
    "WINDOW",
    "MailServer",
    "Message",
    "NoSystemLog",
    "NotSent",
    "Outbox",
    "Pace",
    "SystemLog",
    "Webhook",
    "system_log",
]
