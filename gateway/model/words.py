"""The closed sets of words: enums only."""

from enum import StrEnum


class MailKind(StrEnum):
    """Who wrote a mail.  Source: PROCESS 3, RFC 3834, 3464, 8098, 5965."""

    PERSON = "person"
    AUTO_REPLY = "auto-reply"
    BOUNCE = "bounce"
    CHALLENGE = "challenge"
    LIST = "list"
    REPORT = "report"
    OWN_MAIL = "own-mail"


class Disposition(StrEnum):
    """What finally became of a mail.  Every accepted mail gets exactly one."""

    LINKED = "linked"
    QUEUED = "queued"
    AUTOMATIC = "automatic"
    BOUNCE = "bounce"
    DUPLICATE = "duplicate"
    QUARANTINED = "quarantined"


class EntryState(StrEnum):
    """State of an entry in either queue (received mail, outgoing mail)."""

    READY = "ready"
    LEASED = "leased"
    DONE = "done"
    DEAD = "dead"
    HELD = "held"
    CANCELLED = "cancelled"


class Source(StrEnum):
    """The way in that a mail took."""

    SMTP = "smtp"
    LMTP = "lmtp"
    IMAP = "imap"
    INGEST = "ingest"


class Status(StrEnum):
    """Status of a case.  Source: PROCESS 2.7."""

    OPEN = "open"
    AWAITING_INFO = "awaiting-info"
    SERVICE_RESTORED = "service-restored"
    SOLUTION_PROPOSED = "solution-proposed"
    CLOSED = "closed"


class Substatus(StrEnum):
    """Substatus of a case; which of them exist is data of the profile.  Source: PROCESS 2.7, 9."""

    NEW = "new"
    INVESTIGATION = "investigation"
    ENGINEERING_REQUEST = "engineering-request"
    MAINTENANCE_REVIEW = "maintenance-review"
    THIRD_PARTY_PENDING = "third-party-pending"
    CUSTOMER_RESPONDED = "customer-responded"
    INFORMATION_REQUIRED = "information-required-from-customer"
    PENDING_PERMANENT_SOLUTION = "pending-permanent-solution"
    PENDING_RCA = "pending-rca"
    REPLIED = "replied"
    FIXED_SOFTWARE_PROVIDED = "fixed-software-provided"
    SOLUTION_PROPOSED = "solution-proposed"
    PROBLEM_RESOLVED = "problem-resolved"
    RESOLVED = "resolved"
    CANCELLED = "cancelled"
    REDIRECTED = "redirected"


class Priority(StrEnum):
    """Priority of a case, highest first.  Source: PROCESS 2.3."""

    CRITICAL_PRODUCTION_DOWN = "critical-production-down"
    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class CaseType(StrEnum):
    """Type of a case.  Source: PROCESS 2.2."""

    SUPPORT = "support"
    SERVICE_REQUEST = "service-request"
    INCIDENT = "incident"
    ADMIN = "admin"
    FEATURE_REQUEST = "feature-request"


class Feed(StrEnum):
    """The two feeds of a case.  Source: PROCESS 6.5."""

    CASE = "case"
    ESCALATION = "escalation"


class Channel(StrEnum):
    """How an update reached the case."""

    MAIL = "mail"
    PORTAL = "portal"
    MOBILE = "mobile"
    PHONE = "phone"
    CHAT = "chat"
    AGENT = "agent"
    SYSTEM = "system"


class Visibility(StrEnum):
    """Who may read an update: the customer too, or our side only."""

    PUBLIC = "public"
    INTERNAL = "internal"


class Access(StrEnum):
    """What a contact may do.  `read-write` is a Designated Contact.  Source: PROCESS 1.1."""

    READ_WRITE = "read-write"
    READ_ONLY = "read-only"
    BASIC = "basic"


class Notice(StrEnum):
    """The mails that leave the gateway; the word is also the template folder's name.  Source: PROCESS 8."""

    CASE_OPENED = "case-opened"
    CASE_MESSAGE = "case-message"
    INFO_REQUESTED = "info-requested"
    SOLUTION_PROPOSED = "solution-proposed"
    CASE_CLOSED = "case-closed"
    CASE_CLOSED_NOTICE = "case-closed-notice"
    REPLY_RECEIVED = "reply-received"
    NEEDS_A_LOOK = "needs-a-look"
    UNLINKED_NOTICE = "unlinked-notice"
    FOLLOW_UP_1 = "follow-up-1"
    FOLLOW_UP_2 = "follow-up-2"
    FOLLOW_UP_CLOSED = "follow-up-closed"
    CASE_REOPENED = "case-reopened"
    REOPEN_REQUESTED = "reopen-requested"
    CLOSURE_REQUESTED = "closure-requested"
    REOPEN_WANTED = "reopen-wanted"
    DELIVERY_FAILED = "delivery-failed"
    ESCALATION_RECEIVED = "escalation-received"
    ESCALATION_ACCEPTED = "escalation-accepted"
    ESCALATION_DECLINED = "escalation-declined"
    ESCALATION_UPDATE = "escalation-update"
    ESCALATION_CLOSED = "escalation-closed"
    ESCALATION_ASSIGNED = "escalation-assigned"
    ESCALATION_REPLY = "escalation-reply"
    INCIDENT_REPORT = "incident-report"
    TARGET_MISSED = "target-missed"
    QUEUE_ALARM = "queue-alarm"
    WEBHOOK_DISABLED = "webhook-disabled"
    # what other systems ask for
    CHAT_TRANSCRIPT = "chat-transcript"
    CHAT_CONTACT_LEFT = "chat-contact-left"
    FILE_ACCOUNT_CREATED = "file-account-created"
    FILE_ACCOUNT_EXPIRING = "file-account-expiring"
    ADVISORY_DIGEST = "advisory-digest"
    ALARM_RAISED = "alarm-raised"
    MAINTENANCE_WINDOW = "maintenance-window"
    CASE_ACTIVITY_SUMMARY = "case-activity-summary"
    MAILBOX_STALE = "mailbox-stale"


class Resolution(StrEnum):
    """How the admin team resolved a queue item."""

    LINKED = "linked"
    CASE_OPENED = "case-opened"
    DISCARDED = "discarded"


class EscalationState(StrEnum):
    """Where the review of an escalation stands; the first two are active.  Source: PROCESS 6.4."""

    REQUESTED = "requested"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    CLOSED = "closed"


class EventType(StrEnum):
    """What the event feed tells other systems.  Source: CONTRACT 4 of the product."""

    CASE_OPENED = "case.opened"
    CASE_UPDATED = "case.updated"
    CASE_STATUS_CHANGED = "case.status_changed"
    CASE_CLOSED = "case.closed"
    CASE_REOPENED = "case.reopened"
    MAIL_LINKED = "mail.linked"
    MAIL_QUEUED = "mail.queued"
    MAIL_RESOLVED = "mail.resolved"
    NOTICE_SENT = "notice.sent"
    NOTICE_FAILED = "notice.failed"
    NOTICE_BOUNCED = "notice.bounced"
    ESCALATION_REQUESTED = "escalation.requested"
    ESCALATION_ACCEPTED = "escalation.accepted"
    ESCALATION_DECLINED = "escalation.declined"
    ESCALATION_CLOSED = "escalation.closed"
    QUEUE_ALARM = "queue.alarm"
    MAILBOX_STALE = "mailbox.stale"


class EscalationReason(StrEnum):
    """Why somebody escalates: the words that a request may give.  Source: CONTRACT 6 of the product."""

    NO_UPDATE = "no-update"
    NO_PROGRESS = "no-progress"
    BUSINESS_IMPACT = "business-impact"
    RCA_OVERDUE = "rca-overdue"
    URGENCY = "urgency"
    OTHER = "other"


class Target(StrEnum):
    """What a service target promises: first public answer, service restored, solution or workaround (PROCESS 8)."""

    RESPONSE = "response"
    RESTORATION = "restoration"
    RESOLUTION = "resolution"
