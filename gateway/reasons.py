"""Every verdict's reason: one closed enum, one sentence each.

The same word stands in log, metric, API, console, trace and test.  More may be added; none is ever renamed.
Nothing else belongs here.  Source: CONTRACT 6 of the product, PROCESS 3 and 5-6.
"""

from enum import StrEnum


class Reason(StrEnum):
    """Say why something was decided.  `reason.sentence` is what a person reads."""

    # a mail was linked
    REFERENCE_FOUND = "reference-found"
    LINKED_BY_HAND = "linked-by-hand"
    # a mail waits for the admin team
    NO_REFERENCE = "no-reference"
    UNKNOWN_REFERENCE = "unknown-reference"
    DAMAGED_REFERENCE = "damaged-reference"
    CONFLICTING_REFERENCES = "conflicting-references"
    CASE_CLOSED = "case-closed"
    CASE_PURGED = "case-purged"
    REFERENCE_REVOKED = "reference-revoked"
    OVERSIZED = "oversized"
    UNPARSEABLE = "unparseable"
    ENCRYPTED_BODY = "encrypted-body"
    # a mail was recorded and the status was left alone
    SENDER_NOT_CONTACT = "sender-not-contact"
    SENDER_UNVERIFIED = "sender-unverified"
    SENDER_AMBIGUOUS = "sender-ambiguous"
    BEFORE_QUESTION = "before-question"
    ESCALATION_FEED = "escalation-feed"
    AUTO_REPLY = "auto-reply"
    BOUNCE = "bounce"
    CHALLENGE = "challenge"
    LIST = "list"
    REPORT = "report"
    OWN_MAIL = "own-mail"
    # a request was refused by the rules of the process
    TRANSITION_NOT_ALLOWED = "transition-not-allowed"
    REOPEN_WINDOW_OVER = "reopen-window-over"
    REOPEN_NEEDS_PHONE = "reopen-needs-phone"
    PIN_WRONG = "pin-wrong"
    NOT_DESIGNATED_CONTACT = "not-designated-contact"
    ESCALATION_ACTIVE = "escalation-active"
    ESCALATION_NOT_FOR_LOW = "escalation-not-for-low"
    ESCALATION_CASE_CLOSED = "escalation-case-closed"
    PRIORITY_NEEDS_PHONE = "priority-needs-phone"
    SUBJECT_TOO_LONG = "subject-too-long"
    ESCALATION_ENDED = "escalation-ended"
    NOT_ENTITLED = "not-entitled"
    # an escalation goes to review with a warning
    URGENCY_IS_PRIORITY = "urgency-is-priority"
    RCA_TOO_EARLY = "rca-too-early"
    AWAITING_CUSTOMER = "awaiting-customer"
    NEWER_UPDATE = "newer-update"
    # a request could not be served
    NOT_SIGNED_IN = "not-signed-in"
    NOT_PERMITTED = "not-permitted"
    NOT_FOUND = "not-found"
    INVALID_INPUT = "invalid-input"
    TOO_LARGE = "too-large"
    ALREADY_RESOLVED = "already-resolved"
    CHANGED_MEANWHILE = "changed-meanwhile"
    IDEMPOTENCY_KEY_REUSED = "idempotency-key-reused"
    RATE_LIMITED = "rate-limited"
    INVALID_RECIPIENT = "invalid-recipient"
    UNAVAILABLE = "unavailable"
    FAILED = "failed"
    # a timer was looked at
    FOLLOW_UP_SENT = "follow-up-sent"
    FOLLOW_UP_CLOSED = "follow-up-closed"
    FOLLOW_UP_NOT_DUE = "follow-up-not-due"
    FOLLOW_UPS_PAUSED = "follow-ups-paused"
    OUTSIDE_SEND_WINDOW = "outside-send-window"
    GRACE_AFTER_REMINDER = "grace-after-reminder"
    # the closure of a case waits
    CLOCK_DOUBTED = "clock-doubted"
    MAIL_UNPROCESSED = "mail-unprocessed"
    MAIL_NAMES_CASE = "mail-names-case"
    MAIL_UNANSWERED = "mail-unanswered"
    ESCALATION_REPLY_UNREAD = "escalation-reply-unread"
    REMINDER_BOUNCED = "reminder-bounced"
    REMINDER_NOT_DELIVERED = "reminder-not-delivered"
    CONTACT_UNDELIVERABLE = "contact-undeliverable"
    MAILBOX_STALE = "mailbox-stale"
    # what is kept, and what goes
    RETENTION_OVER = "retention-over"
    RETENTION_RUNNING = "retention-running"
    LEGAL_HOLD = "legal-hold"
    UNDO_POSSIBLE = "undo-possible"
    ERASED = "erased"
    # other
    DONE = "done"
    DUPLICATE = "duplicate"
    QUARANTINED = "quarantined"
    NEEDS_A_LOOK = "needs-a-look"
    BOUNCE_UNVERIFIED = "bounce-unverified"
    OWN_ADDRESS_SPOOFED = "own-address-spoofed"

    @property
    def sentence(self) -> str:
        """Return the one sentence that explains this reason to a person."""
        return SENTENCES[self]


SENTENCES: dict[Reason, str] = {
    Reason.REFERENCE_FOUND: "The body carries the Reference ID of exactly one case.",
    Reason.LINKED_BY_HAND: "A person of the admin team linked this mail to the case.",
    Reason.NO_REFERENCE: "The body carries no Reference ID, so a person has to find the case.",
    Reason.UNKNOWN_REFERENCE: "The body carries a well-formed Reference ID that was never issued here.",
    Reason.DAMAGED_REFERENCE: "The body carries something that looks like a Reference ID but is damaged.",
    Reason.CONFLICTING_REFERENCES: "The body carries Reference IDs of different cases.",
    Reason.CASE_CLOSED: "The case is closed; closed cases are not updated by mail.",
    Reason.CASE_PURGED: "The case of this Reference ID was closed and its data has been deleted.",
    Reason.REFERENCE_REVOKED: "This Reference ID was revoked.",
    Reason.OVERSIZED: "The mail is larger than the configured limit, so it was kept but not read.",
    Reason.UNPARSEABLE: "The mail is too broken to be read as one; only its raw text could be shown.",
    Reason.ENCRYPTED_BODY: "The body is encrypted, so no Reference ID can be looked for.",
    Reason.SENDER_NOT_CONTACT: "Recorded without a status change: the sender is not the case contact.",
    Reason.SENDER_UNVERIFIED: "Recorded without a status change: the sender's domain says this mail is not authentic.",
    Reason.SENDER_AMBIGUOUS: "Recorded without a status change: the From line can be read in more than one way.",
    Reason.BEFORE_QUESTION: "Recorded without a status change: the mail arrived before the current question was asked.",
    Reason.ESCALATION_FEED: "Recorded in the escalation feed, which never changes the status.",
    Reason.AUTO_REPLY: "An automatic reply, so nobody has answered yet.",
    Reason.BOUNCE: "A report that a mail of ours could not be delivered.",
    Reason.CHALLENGE: "A challenge-response system asks us to confirm; nobody has answered yet.",
    Reason.LIST: "The mail came through a mailing list, so the status was left alone.",
    Reason.REPORT: "A machine-made report (read receipt, abuse report), not an answer.",
    Reason.OWN_MAIL: "A mail that this gateway sent itself came back.",
    Reason.TRANSITION_NOT_ALLOWED: "The case cannot move from its present status to the requested one.",
    Reason.REOPEN_WINDOW_OVER: "The time in which this case could be reopened is over; open a new case that names it.",
    Reason.REOPEN_NEEDS_PHONE: "This case is reopened by telephone only.",
    Reason.PIN_WRONG: "The phone PIN is missing or wrong.",
    Reason.NOT_DESIGNATED_CONTACT: "Only a Designated Contact of the account may do this.",
    Reason.ESCALATION_ACTIVE: "The case already has an active escalation.",
    Reason.ESCALATION_NOT_FOR_LOW: "A case of low priority cannot be escalated.",
    Reason.ESCALATION_CASE_CLOSED: "A closed case cannot be escalated.",
    Reason.PRIORITY_NEEDS_PHONE: "This priority is set by our side after a telephone call.",
    Reason.SUBJECT_TOO_LONG: "The subject is longer than 100 characters.",
    Reason.ESCALATION_ENDED: "This escalation was declined or closed; a new one can be asked for.",
    Reason.NOT_ENTITLED: "The policy profile does not provide this for the case's priority.",
    Reason.URGENCY_IS_PRIORITY: "Only urgency or impact changed; that is a change of priority, by telephone.",
    Reason.RCA_TOO_EARLY: "The root-cause analysis is not due yet.",
    Reason.AWAITING_CUSTOMER: "The case waits for the customer's own answer.",
    Reason.NEWER_UPDATE: "There is a newer update that the customer may have missed.",
    Reason.NOT_SIGNED_IN: "Sign in, or send a valid API key.",
    Reason.NOT_PERMITTED: "Your role does not allow this.",
    Reason.NOT_FOUND: "There is nothing with this id that you may see.",
    Reason.INVALID_INPUT: "The input is not valid.",
    Reason.TOO_LARGE: "The input is too large.",
    Reason.ALREADY_RESOLVED: "Somebody has already resolved this.",
    Reason.CHANGED_MEANWHILE: "It was changed meanwhile; look again, then decide.",
    Reason.IDEMPOTENCY_KEY_REUSED: "This Idempotency-Key was used before with another body.",
    Reason.RATE_LIMITED: "Too many requests; wait and try again.",
    Reason.INVALID_RECIPIENT: "The recipient is not one valid mail address.",
    Reason.UNAVAILABLE: "Something that we need does not answer now; nothing was changed, try again.",
    Reason.FAILED: "Something failed on our side; it was recorded, and nothing was changed by this call.",
    Reason.FOLLOW_UP_SENT: "The customer has not answered, so a reminder was written.",
    Reason.FOLLOW_UP_CLOSED: "The customer did not answer for the whole ladder, so the case was closed.",
    Reason.FOLLOW_UP_NOT_DUE: "No follow-up is due now.",
    Reason.FOLLOW_UPS_PAUSED: "The priority of the case has no follow-ups; the time left is kept.",
    Reason.OUTSIDE_SEND_WINDOW: "A follow-up is due and waits for the hours in which mail may leave.",
    Reason.GRACE_AFTER_REMINDER: "The last reminder left late, so the closure keeps its distance from it.",
    Reason.CLOCK_DOUBTED: "The clock jumped or the scheduler was away; closures wait until the time is confirmed.",
    Reason.MAIL_UNPROCESSED: "The case is not closed while a received mail is unprocessed; it may be the answer.",
    Reason.MAIL_NAMES_CASE: "The case is not closed while a queued or quarantined mail names it.",
    Reason.MAIL_UNANSWERED: "A person wrote during this wait and our side has not acted on it since.",
    Reason.ESCALATION_REPLY_UNREAD: "The case is not closed while a reply in its escalation feed is unread.",
    Reason.REMINDER_BOUNCED: "The last reminder came back, so the customer does not know that the case would close.",
    Reason.REMINDER_NOT_DELIVERED: "No relay has accepted the last reminder, so the customer was not warned.",
    Reason.CONTACT_UNDELIVERABLE: "Mail to the contact came back; nothing is sent until a person clears the address.",
    Reason.MAILBOX_STALE: "The case is not closed while a mailbox cannot be fetched; the answer may lie in it.",
    Reason.RETENTION_OVER: "The time for which this is kept is over.",
    Reason.RETENTION_RUNNING: "The time for which this is kept is not over.",
    Reason.LEGAL_HOLD: "A legal hold keeps all that belongs to this case.",
    Reason.UNDO_POSSIBLE: "A person may still undo what was done with it.",
    Reason.ERASED: "What stood here was erased.",
    Reason.DONE: "Done as asked.",
    Reason.DUPLICATE: "The same mail was received before; this copy has no effect.",
    Reason.QUARANTINED: "Reading this mail failed three times; it is kept for a person to look at.",
    Reason.NEEDS_A_LOOK: "Marked as automatic, but it reads like a person's answer.",
    Reason.BOUNCE_UNVERIFIED: "A bounce that does not prove it answers a mail of ours; it changed nothing.",
    Reason.OWN_ADDRESS_SPOOFED: "The mail claims to come from one of our own addresses but arrived from outside.",
}
