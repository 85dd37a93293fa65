"""Service targets: what a plan promises, what meets a promise, and what happens when one is missed.  Pure.

The promises are data of the profile, by plan and priority, and there are none by default.  Source: PROCESS 8.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from gateway import addresses
from gateway.model import (
    Case,
    CaseType,
    Channel,
    Decision,
    Effect,
    Feed,
    MissTarget,
    Notice,
    Notify,
    Policy,
    Priority,
    Profile,
    RecordUpdate,
    SetStatus,
    Status,
    Target,
    Visibility,
)
from gateway.reasons import Reason

STANDARD_PLAN = "standard"
PROMISED_FOR = (CaseType.SUPPORT, CaseType.INCIDENT)
# What a status says about the promises; the first public answer is an update, not a status.
MET_BY: Mapping[Status, tuple[Target, ...]] = {
    Status.SERVICE_RESTORED: (Target.RESTORATION,),
    Status.SOLUTION_PROPOSED: (Target.RESTORATION, Target.RESOLUTION),
    Status.CLOSED: tuple(Target),
}


def promised(type_: CaseType, priority: Priority, plan: str, profile: Profile) -> dict[Target, timedelta]:
    """Return what a case is promised, counted from its opening.  plan: of the account, "" for the standard one."""
    targets = profile.targets.get(plan or STANDARD_PLAN)
    if targets is None:
        return {}
    if type_ is CaseType.SERVICE_REQUEST:
        return {} if targets.service_request is None else {Target.RESPONSE: targets.service_request}
    if type_ not in PROMISED_FOR:
        return {}
    return {target: of[priority] for target, of in targets.within.items() if priority in of}


def met_by(effect: Effect) -> tuple[Target, ...]:
    """Return the promises that an effect keeps."""
    match effect:
        case SetStatus(status=status):
            return MET_BY.get(status, ())
        case RecordUpdate(feed=Feed.CASE, channel=Channel.AGENT, visibility=Visibility.PUBLIC):
            return (Target.RESPONSE,)
        case _:
            return ()


def on_missed(case: Case, target: Target, due_at: datetime, *, policy: Policy) -> Decision:
    """Note that a target was missed and tell the owner of the case (none: the admin team), once."""
    effects: list[Effect] = [MissTarget(case_number=case.number, target=target)]
    to = told(case, policy)
    if to:
        key = f"{Notice.TARGET_MISSED}/{case.number}/{target}"
        context = {"target": target, "due_at": due_at.isoformat(), "priority": case.priority, "status": case.status}
        effects.append(Notify(notice=Notice.TARGET_MISSED, key=key, to=to, case_number=case.number, context=context))
    return Decision(reason=Reason.DONE, effects=tuple(effects), case_number=case.number)


def told(case: Case, policy: Policy) -> str:
    """Return who hears of a missed target, "" when nobody does; a mail to ourselves would come back as mail."""
    to = case.owner or policy.admin_address
    return to if to and addresses.key(to) not in policy.own_addresses else ""
