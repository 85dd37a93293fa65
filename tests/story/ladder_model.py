"""The follow-up ladder in as few words as possible: the reference that the product is compared with.

Calendar days, no send window, every reminder accepted by the relay at once.  Times are hours since the question.
Source: PROCESS 4, TM-10.
"""

from dataclasses import dataclass, field

DAYS = (48, 120, 240)
GRACE = DAYS[2] - DAYS[1]


@dataclass
class Model:
    """One case.  due: hours of each step that is still to come; left: what was left of them when the wait paused."""

    now: float = 0
    status: str = "open"
    critical: bool = False
    due: dict[int, float] = field(default_factory=dict)
    left: dict[int, float] | None = None
    late_from: float | None = None
    colleague_wrote: bool = False
    sent: list[str] = field(default_factory=list)

    def ask(self) -> None:
        if self.status == "closed":
            return
        self.status, self.colleague_wrote, self.late_from = "awaiting-info", False, None
        ladder = {step: float(hours) for step, hours in enumerate(DAYS, start=1)}
        self.due, self.left = ({}, ladder) if self.critical else ({s: self.now + h for s, h in ladder.items()}, None)

    def answer(self) -> None:
        if self.status == "awaiting-info":
            self.status, self.due, self.left = "open", {}, None

    def colleague(self) -> None:
        self.colleague_wrote = self.colleague_wrote or self.status == "awaiting-info"

    def act(self) -> None:
        self.colleague_wrote = False

    def set_critical(self, critical: bool) -> None:
        if self.status == "closed":
            return
        self.critical = critical
        if critical and self.due:
            self.left, self.due = {s: max(0, at - self.now) for s, at in self.due.items()}, {}
        elif not critical and self.left is not None:
            self.due, self.left = {s: self.now + h for s, h in self.left.items()}, None

    def turn(self) -> None:
        ready = [step for step, at in self.due.items() if at <= self.now]
        reminders = [step for step in ready if step < 3]
        if reminders:
            self._remind(max(reminders))
        elif ready and not self.colleague_wrote:
            self.status, self.due = "closed", {}
            self.sent.append("follow-up-closed")

    def _remind(self, step: int) -> None:
        late = self.now - self.due[step] > 1
        self.due = {s: at for s, at in self.due.items() if s > step}
        if late and step == 2:
            self.due[3] = max(self.due[3], self.now + GRACE)
        self.sent.append(f"follow-up-{step}")
