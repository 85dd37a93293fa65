"""Pictures made on the server as SVG: the ladder of follow-ups, and mail per hour.  Colours are classes of console.css.

Pure: values in, Markup out.  Every picture says in words what it shows, for who cannot see it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from markupsafe import Markup

from gateway.model.views import FollowUpView, StepView

WIDTH, HEIGHT = 1100, 170
_BASE, _TOP, _LEFT = 146, 12, 34
_LADDER_WIDTH, _RAIL = 340, 22


def ladder(wait: FollowUpView, now: datetime) -> Markup:
    """Draw a wait for the customer: asked, reminder, reminder, closure; what was done, and where we are now."""
    steps = [(step, moment) for step in wait.steps if (moment := step.due_at or step.sent_at) is not None]
    last = max((moment for _, moment in steps), default=wait.started_at)
    span = (last - wait.started_at).total_seconds()

    def place(moment: datetime) -> float:
        share = (moment - wait.started_at).total_seconds() / span if span > 0 else 0
        return 22 + min(1.0, max(0.0, share)) * (_LADDER_WIDTH - 46)

    parts = [Markup('<line class="rail" x1="22" y1="{0}" x2="{1}" y2="{0}"/>').format(_RAIL, _LADDER_WIDTH - 24)]
    if not wait.paused:
        parts.append(
            Markup('<line class="rail passed" x1="22" y1="{0}" x2="{1:.1f}" y2="{0}"/>').format(_RAIL, place(now))
        )
    parts.append(_stop(22, "asked", "sent", "asked"))
    for step, moment in steps:
        parts.append(_stop(place(moment), _state(step), _class(step), _name(step)))
    return Markup('<svg class="ladder" viewBox="0 0 {} 56" role="img" aria-label="{}">{}</svg>').format(
        _LADDER_WIDTH, _told(wait), Markup("").join(parts)
    )


def bars(hours: Sequence[tuple[datetime, Mapping[str, int]]], words: Sequence[str]) -> Markup:
    """Draw mail per hour as stacked bars.  words: dispositions from the bottom up."""
    most = max((sum(counts.values()) for _, counts in hours), default=0)
    top = _round_up(most)
    room = (WIDTH - _LEFT) / max(1, len(hours))
    parts = [_line(share * top, top) for share in (0.0, 0.5, 1.0)] if top else [_line(0, 1)]
    for number, (hour, counts) in enumerate(hours):
        y = float(_BASE)
        left = _LEFT + number * room + room * 0.14
        for word in words:
            count = counts.get(word, 0)
            height = (_BASE - _TOP) * count / top if top else 0
            if height:
                y -= height
                parts.append(
                    Markup(
                        '<rect class="c-{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}">'
                        "<title>{:%H:%M} UTC: {} {}</title></rect>"
                    ).format(word, left, y, room * 0.72, height, hour, count, word)
                )
        if hour.hour % 6 == 0:
            parts.append(
                Markup('<text class="axis" x="{:.1f}" y="{}" text-anchor="middle">{:%H:%M}</text>').format(
                    left + room * 0.36, _BASE + 15, hour
                )
            )
    total = sum(sum(counts.values()) for _, counts in hours)
    label = f"{total} mails in {len(hours)} hours, {most} in the busiest one"
    return Markup('<svg class="bars" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        WIDTH, HEIGHT, label, Markup("").join(parts)
    )


def _stop(x: float, title: str, kind: str, label: str) -> Markup:
    return Markup(
        '<g><title>{3}: {0}</title><circle class="stop {1}" cx="{2:.1f}" cy="{4}" r="6"/>'
        '<text class="axis" x="{2:.1f}" y="46" text-anchor="middle">{3}</text></g>'
    ).format(title, kind, x, label, _RAIL)


def _name(step: StepView) -> str:
    return "closes" if step.step == 3 else f"#{step.step}"


def _state(step: StepView) -> str:
    if step.skipped:
        return "skipped"
    return f"sent {step.sent_at:%Y-%m-%d %H:%M} UTC" if step.sent_at else f"due {step.due_at:%Y-%m-%d %H:%M} UTC"


def _class(step: StepView) -> str:
    if step.skipped:
        return "skipped"
    return "sent" if step.sent_at else "due"


def _told(wait: FollowUpView) -> str:
    steps = "; ".join(f"{_name(step)} {_state(step)}" for step in wait.steps if step.due_at or step.sent_at)
    return f"Follow-ups{' (paused)' if wait.paused else ''}: {steps or 'none is due'}"


def _line(value: float, top: float) -> Markup:
    y = _BASE - (_BASE - _TOP) * value / top
    return Markup(
        '<line class="grid" x1="{0}" y1="{1:.1f}" x2="{2}" y2="{1:.1f}"/>'
        '<text class="axis" x="{3}" y="{4:.1f}" text-anchor="end">{5:g}</text>'
    ).format(_LEFT, y, WIDTH, _LEFT - 6, y + 4, value)


def _round_up(most: int) -> int:
    """Return the next number that halves well: 2, 4, 10, 20, 50, 100 ..."""
    if most <= 0:
        return 0
    size = 1
    while True:
        for step in (2, 4, 10):
            if most <= step * size:
                return step * size
        size *= 10
