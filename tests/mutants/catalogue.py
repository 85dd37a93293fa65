"""Planted bugs: each breaks one promise, and each must turn named tests red.

A bug is a text of one file and what stands in its place.  When code moves, its texts move along: a unit test and the
command both say which text is no longer found.  A new safety rule brings its planted bug with it.
"""

from dataclasses import dataclass

CRASH = "tests/crash"
KILL_POINTS = f"{CRASH}/test_kill_points.py::test_kill_9_loses_nothing_and_doubles_nothing"
DEAD_CHILD = f"{CRASH}/test_kill_points.py::test_a_dead_reading_child_costs_its_mail_one_try_and_nobody_else_anything"
LOCKED = f"{CRASH}/test_database_faults.py::test_a_locked_database_means_451_and_nothing_kept_and_the_retry_is_accepted"
FULL = f"{CRASH}/test_database_faults.py::test_a_full_disk_means_452_and_every_acknowledged_mail_is_there"
DOOR = "tests/web/test_console_door.py"
LADDER = "tests/story/test_follow_ups.py"
MATRIX, CALLS = "tests/web/test_matrix.py", "tests/web/test_calls.py"
UNDELIVERABLE = "tests/story/test_undeliverable_story.py"
NOTIFICATIONS = "tests/story/test_notifications_story.py"
RETENTION = "tests/story/test_retention.py"
WEBHOOK_CALLS = "tests/wire/test_webhook_calls.py"
MAILBOX_KILL_POINTS = (
    f"{CRASH}/test_mailbox_kill_points.py::test_kill_9_while_a_mailbox_is_fetched_loses_nothing_and_doubles_nothing"
)
MAILBOXES = "tests/wire/test_mailboxes.py"
A_CASE = "tests/story/paragraphs/test_2_a_case.py"
ERASURE = "tests/story/test_erasure.py"
WEBHOOK_CALLS = "tests/wire/test_webhook_calls.py"
FROZEN = f"{CRASH}/test_stopping.py::test_a_frozen_worker_that_wakes_up_after_its_lease_ended_changes_nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One planted bug.  old: stands in `file` exactly once.  tests: what pytest is given; one of them must fail."""

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]


BATCH = "tests/story/test_batch_story.py"

MUTANTS = (
    Mutant(
        name="a batch decides on what a case was before it",
        file="gateway/process.py",
        old="""        all_.named.forget(decision.case_number)""",
        new="""        pass""",
        tests=(f"{BATCH}::test_the_second_reply_of_a_batch_meets_the_case_as_the_first_one_left_it",),
    ),
    Mutant(
        name="a mail that breaks takes its batch with it",
        file="gateway/process.py",
        old="""        done = _settled_together(services, batch, careful=True)""",
        new="""        done = _settled_together(services, batch, careful=False)""",
        tests=(f"{BATCH}::test_a_mail_that_breaks_a_batch_leaves_one_effect_of_each_of_the_others",),
    ),
    Mutant(
        name="250 before the commit",
        file="gateway/inbound/smtp_session.py",
        old="""        self.shared.answers.watch(incoming.answer, partial(self._answered, incoming, mail))""",
        new="""        self.say(replies.queued(0))
        self.next_command()""",
        tests=(f"{KILL_POINTS}[before the spool's commit]",),
    ),
    Mutant(
        name="the retry of a lost 250 is a new mail",
        file="gateway/inbound/content_key.py",
        old="""    content = raw[block.end() :] if block else raw""",
        new="""    content = raw""",
        tests=(f"{KILL_POINTS}[after the commit before 250]",),
    ),
    Mutant(
        name="a permanent 5xx when the database is locked",
        file="gateway/inbound/smtp_session.py",
        old="""            self.say_outcome(replies.NO_ROOM if is_disk_full(error) else replies.OUR_FAULT)""",
        new="""            self.say_outcome(replies.NO_ROOM if is_disk_full(error) else replies.UNKNOWN_COMMAND)""",
        tests=(LOCKED, "tests/wire/test_smtp_faults.py"),
    ),
    Mutant(
        name="a full disk is a permanent 552",
        file="gateway/inbound/smtp_session.py",
        old="""            self.say_outcome(replies.NO_ROOM if is_disk_full(error) else replies.OUR_FAULT)""",
        new="""            self.say_outcome(replies.TOO_LARGE if is_disk_full(error) else replies.OUR_FAULT)""",
        tests=(FULL,),
    ),
    Mutant(
        name="a From line with an address for a name is read by one reader only",
        file="gateway/inbound/sender.py",
        old="""_PLAIN_WORDS = r"[A-Za-z0-9]+(?: [A-Za-z0-9]+)*\"""",
        new="""_PLAIN_WORDS = r"[A-Za-z0-9@.]+(?: [A-Za-z0-9@.]+)*\"""",
        tests=("tests/unit/test_sender.py",),
    ),
    Mutant(
        name="an auto-reply flips the case",
        file="gateway/rules/mail.py",
        old="""    words = [KIND_REASON[mail.kind]] if mail.kind in KIND_REASON else []""",
        new="""    words: list[Reason] = []""",
        tests=("tests/story/test_fixture_mails.py",),
    ),
    Mutant(
        name="a stranger flips the case",
        file="gateway/rules/mail.py",
        old="""    if not (_may_answer(mail, case, around, policy) or _is_requester(link, mail, around)):""",
        new="""    if not mail.sender.address:""",
        tests=("tests/story/test_fixture_mails.py",),
    ),
    Mutant(
        name="an answer to an escalation flips the case",
        file="gateway/rules/mail.py",
        old="""        words.append(Reason.ESCALATION_FEED)""",
        new="""        pass""",
        tests=("tests/story/test_escalation_story.py",),
    ),
    Mutant(
        name="an answer to an escalation counts as read",
        file="gateway/rules/mail.py",
        old="""        read=mail.kind not in WRITTEN_BY_PEOPLE,""",
        new="""        read=True,""",
        tests=("tests/story/test_escalation_story.py",),
    ),
    Mutant(
        name="a change of contact leaves the old Reference ID alive",
        file="gateway/effects.py",
        old="""    if effect.revoke:""",
        new="""    if not effect:""",
        tests=("tests/story/test_people_story.py",),
    ),
    Mutant(
        name="a mail is linked by its In-Reply-To",
        file="gateway/process.py",
        old="""    facts = mail_facts(entry, reading)\n""",
        new="""    from gateway.model import Feed
    from gateway.store.tables import outbox as sent
    answered = sent.select().where(sent.c.message_id.in_(reading.mail.message_ids), sent.c.case_number != "")
    row = conn.execute(answered).first()
    if row is not None and isinstance(link, Unlinked):
        link = Linked(case_number=row.case_number, feed=Feed.CASE)
    facts = mail_facts(entry, reading)\n""",
        tests=("tests/story/test_linking_story.py",),
    ),
    Mutant(
        name="a Reference ID in the subject or an attached mail links",
        file="gateway/linking/extract.py",
        old="""    body, damaged = _seen(mail.searched)""",
        new="""    body, damaged = _seen((*mail.searched, *(text for _, text in mail.elsewhere)))""",
        tests=("tests/unit/test_extract.py", "tests/story/test_linking_story.py"),
    ),
    Mutant(
        name="a damaged Reference ID is accepted",
        file="gateway/linking/reference_id.py",
        old=""" if check_char(characters[:BODY_LENGTH]) == characters[BODY_LENGTH] else None""",
        new="",
        tests=("tests/unit/test_reference_id.py",),
    ),
    Mutant(
        name="a notice is never written into the outbox",
        file="gateway/effects.py",
        old="""            applied.outbox_ids += _notify_all(conn, [effect], scribe=scribe, now=now)""",
        new="""            pass""",
        tests=("tests/crash/test_leases.py",),
    ),
    Mutant(
        name="a lease is settled whatever its fence",
        file="gateway/store/lease.py",
        old="""table.c.fence == bindparam("held")""",
        new="""bindparam("held").is_not(None)""",
        tests=("tests/crash/test_leases.py",),
    ),
    Mutant(
        name="a mail that another worker took over is decided twice",
        file="gateway/process.py",
        old="""        batch = _still_ours(conn, batch)\n""",
        new="",
        tests=("tests/crash/test_leases.py", FROZEN),
    ),
    Mutant(
        name="work that failed keeps its lease for ever",
        file="gateway/store/lease.py",
        old="""                self._working.discard(name)""",
        new="""                pass""",
        tests=("tests/crash/test_leases.py",),
    ),
    Mutant(
        name="the second try sends other bytes",
        file="gateway/outbound/delivery.py",
        old="""        elif entry.rendered:""",
        new="""        elif not entry.message_id:""",
        tests=("tests/unit/test_delivery.py", f"{KILL_POINTS}[after the relay's 250 before settle]"),
    ),
    Mutant(
        name="nobody is told that a notice may have left before",
        file="gateway/scheduler.py",
        old=""", uncertain=outbox.c.rendered_sha256.is_not(None))""",
        new=""")""",
        tests=(f"{KILL_POINTS}[after the relay's 250 before settle]",),
    ),
    Mutant(
        name="a dead reading child sets its mail aside at once",
        file="gateway/process.py",
        old="""FAILURES_TO_QUARANTINE = 3""",
        new="""FAILURES_TO_QUARANTINE = 1""",
        tests=(DEAD_CHILD,),
    ),
    Mutant(
        name="undo does not bring the wait for the customer back",
        file="gateway/desk/queue.py",
        old="""            cases.resume_episode(conn, before["episode_id"])\n""",
        new="",
        tests=("tests/story/test_hand_link_story.py",),
    ),
    Mutant(
        name="a forged bounce marks a notice as bounced",
        file="gateway/rules/mail.py",
        old=""" or not proves_bounce(mail.bounce, sent)""",
        new="",
        tests=("tests/unit/test_bounce_proof.py",),
    ),
    Mutant(
        name="the closer does not look for what may be the answer",
        file="gateway/rules/followups.py",
        old="""    hold = _hold(facts)
""",
        new="""    hold = None
""",
        tests=(f"{LADDER}::test_no_closure_while_a_queued_mail_names_the_case",),
    ),
    Mutant(
        name="an address that takes no mail gets more of it",
        file="gateway/store/outbox.py",
        old="""        held = [row for row in rows if addresses.key(row.to_address) in marked]""",
        new="""        held: list[Row[Any]] = []""",
        tests=(f"{UNDELIVERABLE}::test_one_hard_bounce_stops_mail_and_ladder_and_tells_the_owner",),
    ),
    Mutant(
        name="the ladder goes on although no mail arrives",
        file="gateway/rules/followups.py",
        old="""    if reminders and facts.contact_undeliverable:""",
        new="""    if reminders and facts.stale_mailbox:""",
        tests=(f"{UNDELIVERABLE}::test_one_hard_bounce_stops_mail_and_ladder_and_tells_the_owner",),
    ),
    Mutant(
        name="one mail that failed three times counts three times",
        file="gateway/store/deliverability.py",
        old="""    mine = (delivery_failure.c.address_key == key, delivery_failure.c.outbox_id != outbox_id)""",
        new="""    mine = (delivery_failure.c.address_key == key,)""",
        tests=(f"{UNDELIVERABLE}::test_three_soft_bounces_of_three_mails_within_the_window",),
    ),
    Mutant(
        name="a full mailbox is gone for good",
        file="gateway/rules/deliverability.py",
        old="""    return FailureKind.SOFT if soft else FailureKind.HARD""",
        new="""    return FailureKind.HARD""",
        tests=("tests/unit/test_deliverability.py",),
    ),
    Mutant(
        name="whoever knows the id vouches for himself",
        file="gateway/inbound/sender.py",
        old="""            by_name = known and len(above) <= _trusted_fields(above, rules)""",
        new="""            by_name = known""",
        tests=("tests/unit/test_sender.py",),
    ),
    Mutant(
        name="a signature that covers half of the body vouches for all of it",
        file="gateway/inbound/authenticity.py",
        old=""" and b"l" not in signature.signature_fields""",
        new="",
        tests=("tests/unit/test_authenticity.py",),
    ),
    Mutant(
        name="somebody else's good SPF vouches for the sender",
        file="gateway/inbound/authenticity.py",
        old="""    return claimed == domain or (not strict and organisation(claimed) == organisation(domain))""",
        new="""    return claimed != \"\"""",
        tests=("tests/unit/test_authenticity.py",),
    ),
    Mutant(
        name="anybody may borrow an address by a PROXY header",
        file="gateway/inbound/smtp_proxy.py",
        old="""    named = settings.proxy_networks or settings.trusted_relays""",
        new="""    named = ["0.0.0.0/0", "::/0"]""",
        tests=("tests/wire/test_smtp_proxy.py::test_nobody_else_can_borrow_an_address",),
    ),
    Mutant(
        name="LMTP answers once for all recipients",
        file="gateway/inbound/smtp_session.py",
        old="""        self._answers = len(transaction.recipients) if self.settings.lmtp else 1""",
        new="""        self._answers = 1""",
        tests=("tests/wire/test_lmtp.py",),
    ),
    Mutant(
        name="a machine gets one answer of each kind",
        file="gateway/process.py",
        old="""to=facts.sender.address) for kind in ANSWERS)""",
        new="""to=facts.sender.address) for kind in [notice])""",
        tests=("tests/wire/test_loops.py",),
    ),
    Mutant(
        name="a burst of reminders after an outage",
        file="gateway/rules/followups.py",
        old="""        return _remind(case, episode, reminders[-1], rules, now)""",
        new="""        return _remind(case, episode, reminders[0], rules, now)""",
        tests=(f"{LADDER}::test_after_three_weeks_without_a_scheduler_there_is_no_burst",),
    ),
    Mutant(
        name="a late reminder does not push the closure away",
        file="gateway/rules/followups.py",
        old="""LATE = timedelta(hours=1)""",
        new="""LATE = timedelta(days=100)""",
        tests=(f"{LADDER}::test_a_reminder_that_the_relay_took_late_pushes_the_closure_away",),
    ),
    Mutant(
        name="a reminder leaves after the answer",
        file="gateway/outbound/delivery.py",
        old="""        if not office.store.still_wanted(office.db, entry):""",
        new="""        if False:""",
        tests=(f"{LADDER}::test_a_reminder_still_in_the_outbox_is_not_sent_after_the_answer",),
    ),
    Mutant(
        name="a fetched mail is moved before it is committed",
        file="gateway/inbound/imap_taking.py",
        old="""            self._commit(group, bodies, failing)
            files""",
        new="""            if self.settings.processed_folder:
                self.session.move(group.uids, self.settings.processed_folder)
            self._commit(group, bodies, failing)
            files""",
        tests=(f"{MAILBOX_KILL_POINTS}[after MOVE]",),
    ),
    Mutant(
        name="the checkpoint of a mailbox moves after the commit",
        file="gateway/inbound/imap_taking.py",
        old="""            spooled = mails.spool_many(conn, new)
            mailboxes.taken(""",
        new="""            spooled = mails.spool_many(conn, new)
        self.session.existing([1])
        with self.services.database.write() as conn:
            mailboxes.taken(""",
        tests=(f"{MAILBOXES}::test_mails_and_checkpoint_are_one_commit",),
    ),
    Mutant(
        name="half a mail is taken for the whole",
        file="gateway/inbound/imap_plan.py",
        old="""    return len(body) > 0 and len(body) >= _expected(part)""",
        new="""    return len(body) > 0 and part.uid > 0""",
        tests=("tests/wire/test_mailbox_lies.py::test_a_mail_that_comes_short_is_never_stored_and_never_lost",),
    ),
    Mutant(
        name="a mail that cannot be fetched is passed over",
        file="gateway/inbound/imap_taking.py",
        old="""last_uid=last_uid, done=list(bodies), failing=failing, try_at=try_at)""",
        new="""last_uid=last_uid, done=list(bodies), failing={}, try_at=try_at)""",
        tests=("tests/wire/test_mailbox_lies.py::test_a_mail_that_comes_short_is_never_stored_and_never_lost",),
    ),
    Mutant(
        name="new numbers of all mails go unnoticed",
        file="gateway/store/mailboxes.py",
        old="""    renumbered = row.uidvalidity != uidvalidity or 0 < uidnext <= row.last_uid""",
        new="""    renumbered = first""",
        tests=(f"{MAILBOXES}::test_new_numbers_of_all_mails_mean_a_new_look_without_new_effects",),
    ),
    Mutant(
        name="whoever was replaced goes on fetching",
        file="gateway/store/mailboxes.py",
        old="""    return and_(_is(led.box), mailbox.c.fence == led.fence, mailbox.c.lease_owner == led.owner)""",
        new="""    return _is(led.box)""",
        tests=(f"{MAILBOXES}::test_a_leader_that_was_replaced_writes_nothing_any_more",),
    ),
    Mutant(
        name="a wrong password is tried until the account is locked",
        file="gateway/inbound/imap_plan.py",
        old="""    steps = SLOWLY_SECONDS if refused else SOON_SECONDS""",
        new="""    steps = SOON_SECONDS""",
        tests=("tests/unit/test_imap_plan.py::test_a_refused_login_is_tried_at_most_once_a_minute",),
    ),
    Mutant(
        name="STARTTLS that was stripped is done without",
        file="gateway/inbound/imap_session.py",
        old="""    if not client.has_capability("STARTTLS"):
        raise""",
        new="""    if not client.has_capability("STARTTLS"):
        return
        raise""",
        tests=("tests/wire/test_mailbox_lies.py::test_a_server_without_starttls_is_told_no_password",),
    ),
    Mutant(
        name="cases are closed while a mailbox is silent",
        file="gateway/rules/mailboxes.py",
        old="""    return status.checked_at is None or now - status.checked_at > status.mailbox.stale_after""",
        new="""    return status.alarm_since is not None and now > status.alarm_since""",
        tests=("tests/story/test_stale_mailbox_story.py::test_no_case_is_closed_while_a_mailbox_is_silent",),
    ),
    Mutant(
        name="a clock that jumps closes everything",
        file="gateway/rules/clockwork.py",
        old="""TOLERANCE = timedelta(minutes=15)""",
        new="""TOLERANCE = timedelta(days=1000)""",
        tests=("tests/story/test_clock.py::test_after_a_jump_nothing_fires_until_a_person_confirms_the_time",),
    ),
    Mutant(
        name="a paused wait goes on from the beginning",
        file="gateway/rules/followups.py",
        old="""    if step.remaining is None:
""",
        new="""    if True:
""",
        tests=(f"{LADDER}::test_production_down_pauses_the_ladder_and_the_time_left_is_kept",),
    ),
    Mutant(
        name="events get their place when they are written, so a late commit is passed over",
        file="gateway/store/events.py",
        old="""event.c.cursor > bindparam("after")).order_by(event.c.cursor)""",
        new="""event.c.id > bindparam("after")).order_by(event.c.id)""",
        tests=("tests/store/test_event_feed.py::test_a_commit_that_comes_late_gets_its_place_behind_what_was_read",),
    ),
    Mutant(
        name="two sequencers at once",
        file="gateway/store/lead.py",
        old="""    return bool(conn.execute(select(func.pg_try_advisory_xact_lock(task))).scalar())""",
        new="""    return True""",
        tests=("tests/store/test_event_feed.py::test_while_one_leads_another_passes_without_waiting",),
    ),
    Mutant(
        name="an event says what somebody wrote",
        file="gateway/rules/requests.py",
        old="""    return {"channel": posted.channel, "visibility": posted.visibility}""",
        new="""    return {"channel": posted.channel, "visibility": posted.visibility, "text": posted.text}""",
        tests=("tests/story/test_event_feed_story.py",),
    ),
    Mutant(
        name="a webhook is called wherever its name leads",
        file="gateway/outbound/webhooks.py",
        old="""        if why := destinations.refusal(self._to, addresses, self._allowed):""",
        new="""        if why := "":""",
        tests=(WEBHOOK_CALLS,),
    ),
    Mutant(
        name="the name of a webhook is resolved once more for the connection",
        file="gateway/outbound/webhooks.py",
        old="""plain.connect_tcp(last, self._to.port""",
        new="""plain.connect_tcp(self._to.host, self._to.port""",
        tests=(WEBHOOK_CALLS,),
    ),
    Mutant(
        name="one public address is enough for a name",
        file="gateway/outbound/destinations.py",
        old="""    if not all(is_public(one) or is_allowed(one, allowed) for one in addresses):""",
        new="""    if not any(is_public(one) or is_allowed(one, allowed) for one in addresses):""",
        tests=("tests/unit/test_destinations.py",),
    ),
    Mutant(
        name="an event is called out once, whatever the receiver says",
        file="gateway/store/webhooks.py",
        old="""    elif isinstance(outcome, Missed) and after.run_at is not None:""",
        new="""    elif False:""",
        tests=("tests/story/test_webhook_story.py",),
    ),
    Mutant(
        name="the place in the feed moves on before its deliveries are written",
        file="gateway/store/webhooks.py",
        old="""event.c.cursor > hook.cursor).order_by""",
        new="""event.c.cursor > hook.cursor + 1).order_by""",
        tests=("tests/store/test_webhooks.py",),
    ),
    Mutant(
        name="a rotated secret breaks its receiver at once",
        file="gateway/store/webhooks.py",
        old="""        secrets=tuple(filter(None, (hook.secret, old))),""",
        new="""        secrets=(hook.secret,),""",
        tests=("tests/story/test_webhook_story.py", "tests/store/test_webhooks.py"),
    ),
    Mutant(
        name="whoever gets a notice about a case gets its Reference ID",
        file="gateway/rules/notifications.py",
        old="""addresses.key(to) in theirs,""",
        new="""case is not None,""",
        tests=(f"{NOTIFICATIONS}::test_nobody_but_the_case_contact_gets_the_reference_id",),
    ),
    Mutant(
        name="a file account is told with its password",
        file="gateway/rules/notice_contexts.py",
        old="""            if _CREDENTIALS.search(getattr(self, name)):""",
        new="""            if False:""",
        tests=("tests/unit/test_notice_contexts.py::test_a_file_account_never_carries_credentials",),
    ),
    Mutant(
        name="a notice takes values that nobody declared",
        file="gateway/rules/notice_contexts.py",
        old="""    model_config = ConfigDict(extra="forbid", frozen=True)""",
        new="""    model_config = ConfigDict(extra="ignore", frozen=True)""",
        tests=("tests/unit/test_notice_contexts.py",),
    ),
    Mutant(
        name="the chain does not cover who acted",
        file="gateway/rules/chain.py",
        old="""said = [position, entry.id, at, entry.actor,""",
        new="""said = [position, entry.id, at,""",
        tests=("tests/unit/test_chain.py",),
    ),
    Mutant(
        name="a chain whose tail was cut is signed over",
        file="gateway/sequencer.py",
        old="""    _check(services, key, head)
    tip = head.tip if head is not None else chain.BEGINNING""",
        new="""    tip = head.tip if head is not None else chain.BEGINNING""",
        tests=(
            "tests/story/test_audit_story.py::test_a_tail_that_is_cut_together_with_its_head_is_found_and_not_signed_over",
        ),
    ),
    Mutant(
        name="the end of the audit trail need not be the signed one",
        file="gateway/rules/chain.py",
        old="""    if tip.position < signed.position:""",
        new="""    if False:""",
        tests=("tests/unit/test_chain.py",),
    ),
    Mutant(
        name="a refusal for want of a right leaves no entry",
        file="gateway/desk/audit.py",
        old="""        if refused.reason in DENIED:""",
        new="""        if False:""",
        tests=(
            "tests/story/test_audit_story.py::test_what_is_refused_for_want_of_a_right_leaves_an_entry_and_nothing_else",
        ),
    ),
    Mutant(
        name="a purge passes over a legal hold",
        file="gateway/rules/retention.py",
        old="""    if case.held:""",
        new="""    if not case.number:""",
        tests=(f"{RETENTION}::test_a_legal_hold_keeps_everything_until_it_is_released",),
    ),
    Mutant(
        name="a purge leaves the stored bytes",
        file="gateway/store/blobs.py",
        old="""    return conn.execute(delete(blob).where(blob.c.sha256 == digest)).rowcount""",
        new="""    return len(delete(blob).where(blob.c.sha256 == digest).compile().params)""",
        tests=(f"{RETENTION}::test_nothing_of_a_purged_case_can_be_read_anywhere",),
    ),
    Mutant(
        name="deleted content stays in the file",
        file="gateway/store/slack.py",
        old="""            database.write_anew()""",
        new="""            pass""",
        tests=(f"{ERASURE}::test_what_sqlite_left_in_unused_parts_of_pages_is_swept",),
    ),
    Mutant(
        name="a purge takes the bytes of another mail along",
        file="gateway/store/blobs.py",
        old="""    if content is None or _is_a_mail(conn, digest, content):""",
        new="""    if content is None:""",
        tests=(f"{RETENTION}::test_an_attached_mail_that_was_also_received_itself_keeps_its_bytes",),
    ),
    Mutant(
        name="a purge with a wrong clock",
        file="gateway/scheduler.py",
        old="""    if not doubted and last_turn_at is not None""",
        new="""    if last_turn_at is not None""",
        tests=(f"{RETENTION}::test_a_scheduler_does_not_purge_while_it_doubts_the_clock",),
    ),
    Mutant(
        name="a killed purge is never ended",
        file="gateway/desk/retention.py",
        old="""        finish(services, number)


def _purge_case""",
        new="""        del number


def _purge_case""",
        tests=(f"{RETENTION}::test_a_purge_that_is_killed_goes_on_with_the_next",),
    ),
    Mutant(
        name="a person is erased out of a case under a legal hold",
        file="gateway/desk/erasure.py",
        old="""    if held := erasing.held_cases(conn, person):""",
        new="""    if (held := erasing.held_cases(conn, person)) and not held:""",
        tests=(f"{ERASURE}::test_a_hold_keeps_a_person_from_being_erased",),
    ),
    Mutant(
        name="an erased update stays in the notices that quote it",
        file="gateway/desk/erasure.py",
        old="""    store.empty_notices(conn, ids, now=services.clock.now())""",
        new="""    store.empty_notices(conn, ids[:0], now=services.clock.now())""",
        tests=(f"{ERASURE}::test_an_erased_update_takes_its_mail_and_every_copy_along",),
    ),
    Mutant(
        name="a role that lacks a call is let in",
        file="gateway/rules/permissions.py",
        old="""    if role not in CALLS[call]:""",
        new="""    if call not in CALLS:""",
        tests=(f"{MATRIX}::test_every_cell_of_routes_roles_and_owners",),
    ),
    Mutant(
        name="a system sees the cases of others",
        file="gateway/desk/access.py",
        old="""        if caller.only_of_key and not all(""",
        new="""        if not caller.key_id and not all(""",
        tests=(f"{MATRIX}::test_what_is_not_seen_is_answered_like_what_is_not_there",),
    ),
    Mutant(
        name="an expired key still counts",
        file="gateway/desk/access.py",
        old="""(key.expires_at is not None and key.expires_at <= now)""",
        new="""(key.expires_at is not None and key.expires_at < key.created_at)""",
        tests=(f"{MATRIX}::test_nobody_is_let_in_without_a_key_that_counts",),
    ),
    Mutant(
        name="a repeated call is carried out again",
        file="gateway/store/idempotency.py",
        old="""            if not self._claimed and not self._claim(conn):""",
        new="""            if not self._claimed and not self._claim(conn) and self._claimed:""",
        tests=(f"{CALLS}::test_repetitions_that_arrive_together_have_one_effect",),
    ),
    Mutant(
        name="a change of what somebody else changed meanwhile",
        file="gateway/services.py",
        old="""        if self.asking.match is not None and version not in self.asking.match:""",
        new="""        if self.asking.match is not None and not version:""",
        tests=(f"{CALLS}::test_a_case_that_was_changed_meanwhile_is_not_changed_by_whoever_saw_the_old_one",),
    ),
    Mutant(
        name="a problem document repeats what was sent",
        file="gateway/web/problems.py",
        old=""""message": str(e["msg"])} for e in errors]""",
        new=""""message": str(e["input"])} for e in errors]""",
        tests=(f"{CALLS}::test_unknown_fields_are_refused_and_named_without_their_value",),
    ),
    Mutant(
        name="the log says what was searched for",
        file="gateway/web/edge.py",
        old="""            route=getattr(route, "path", None) or "-",""",
        new="""            route=self._scope["query_string"].decode(),""",
        tests=("tests/web/test_operation.py::test_no_word_of_anybody_reaches_log_event_or_metric",),
    ),
    Mutant(
        name="a page of another site may act in the console",
        file="gateway/web/console/shell.py",
        old="""        return site == "same-origin\"""",
        new="""        return True""",
        tests=(f"{DOOR}::test_only_a_page_of_ours_may_change_something",),
    ),
    Mutant(
        name="every role may do everything in the console",
        file="gateway/web/console/permits.py",
        old="""    return act in ACTS_OF.get(role, frozenset())""",
        new="""    return bool(act)""",
        tests=("tests/unit/test_console_permits.py",),
    ),
    Mutant(
        name="a session of the console lives for ever",
        file="gateway/desk/users.py",
        old="""    return now - kept.seen_at < IDLE and now - kept.created_at < LONGEST""",
        new="""    return True""",
        tests=(f"{DOOR}::test_a_session_that_is_not_used_ends_after_half_an_hour",),
    ),
    Mutant(
        name="a one-time link works twice",
        file="gateway/store/users.py",
        old="""    unused = (console_link.c.used_at.is_(None), console_link.c.expires_at > now)""",
        new="""    unused = (console_link.c.expires_at > now,)""",
        tests=("tests/store/test_queue_list.py::test_a_link_is_used_up_by_one_of_two_who_hold_it",),
    ),
    Mutant(
        name="failed sign-ins never slow down",
        file="gateway/desk/users.py",
        old="""        if len(failed) < free:""",
        new="""        if True:""",
        tests=(f"{DOOR}::test_failed_tries_slow_down_and_never_lock_out",),
    ),
    Mutant(
        name="after sign-in one lands where a stranger wants",
        file="gateway/web/console/shell.py",
        old="""    return wanted if len(wanted) < 2000 and _LOCAL_PATH.fullmatch(wanted) else "/\"""",
        new="""    return wanted or "/\"""",
        tests=(f"{DOOR}::test_after_sign_in_one_lands_on_a_page_of_ours",),
    ),
    Mutant(
        name="the HTML of a mail is shown as it came",
        file="gateway/inbound/safe_html.py",
        old="""    return _LINK.sub(_warned, clean)""",
        new="""    return markup""",
        tests=("tests/unit/test_console_words.py",),
    ),
    Mutant(
        name="opening a mail fetches its pictures",
        file="gateway/inbound/safe_html.py",
        old="""    return source if pictures and source.lower()""",
        new="""    return source if source.lower()""",
        tests=("tests/unit/test_console_words.py::test_nothing_remote_is_left_unless_asked_for",),
    ),
    Mutant(
        name="words of strangers are markup in the console",
        file="gateway/web/console/__init__.py",
        old="""        autoescape=True,""",
        new="""        autoescape=False,""",
        tests=("tests/browser/test_hostile.py::test_hostile_answers_and_names_are_only_text",),
    ),
    Mutant(
        name="an export holds formulas",
        file="gateway/desk/exports.py",
        old="""    return f"'{value}" if value.startswith(_FORMULA) else value""",
        new="""    return value""",
        tests=("tests/unit/test_console_permits.py",),
    ),
    Mutant(
        name="a case is not told of the one that was split from it",
        file="gateway/desk/splitting.py",
        old="""requests.split(mail.id, case, opened.case_number, by):""",
        new="""requests.split(mail.id, case, opened.case_number, by)[1:]:""",
        tests=(f"{A_CASE}::test_2_6_a_case_is_split_from_a_linked_mail_and_both_name_each_other",),
    ),
    Mutant(
        name="a type that is switched off is taken in",
        file="gateway/rules/requests.py",
        old="""    _check_intake(opened.type, policy)\n""",
        new="",
        tests=(f"{A_CASE}::test_2_2_a_feature_request_is_not_taken_in_and_its_pointer_is_told",),
    ),
    Mutant(
        name="an unknown product line is taken silently",
        file="gateway/rules/requests.py",
        old="""    if product_line and product_line not in policy.product_lines:""",
        new="""    if False:""",
        tests=("tests/unit/test_requests.py::test_an_unknown_product_line_is_refused_with_those_there_are",),
    ),
    Mutant(
        name="a restored backup sends at once what had not left",
        file="gateway/cli/backup.py",
        old="""    held = call.look(outbox.hold_all) if hold_outbox else 0""",
        new="""    held = 0""",
        tests=(
            "tests/story/test_cli_backup.py::test_a_restored_copy_holds_what_had_not_left_and_lets_it_go_when_told",
        ),
    ),
    Mutant(
        name="a worker that died is not replaced",
        file="gateway/cli/worker.py",
        old="""place.child, place.start_again_at = None, now + place.wait""",
        new="""place.child, place.start_again_at = None, float("inf")""",
        tests=("tests/unit/test_worker_supervisor.py::test_a_child_that_dies_is_replaced",),
    ),
)
