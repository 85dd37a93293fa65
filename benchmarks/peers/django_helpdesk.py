"""How many replies a second django-helpdesk's mail gateway takes in; `benchmarks/scale.py` runs it in its own venv.

Usage: python django_helpdesk.py COUNT.  Prints one number.  Its tickets live in memory, in SQLite;
the notices that it would send go to Django's memory backend, so that neither side waits for a relay.
"""

import logging
import sys
import tempfile
import time
from pathlib import Path

TICKETS = 200
# Django finds them here; filled once its settings are made.
urlpatterns: list[object] = []


def main(count: int) -> float:
    """Return replies a second."""
    sys.path.insert(0, str(Path(__file__).parents[2]))
    with tempfile.TemporaryDirectory() as folder:
        _set_up(folder)
        from helpdesk.email import extract_email_metadata
        from helpdesk.models import FollowUp, Queue, Ticket

        from benchmarks import traffic

        queue = Queue.objects.create(title="Care", slug="care", email_address=traffic.CARE)
        tickets = [
            Ticket.objects.create(queue=queue, title="It does not start", submitter_email=f"ann{n}@example.org").id
            for n in range(TICKETS)
        ]
        mails = [_reply(traffic, n, tickets[n % TICKETS]) for n in range(count)]
        logger = logging.getLogger("quiet")
        logger.disabled = True
        began = time.perf_counter()
        for mail in mails:
            extract_email_metadata(mail, queue, logger)
        took = time.perf_counter() - began
        if FollowUp.objects.count() != count:
            raise RuntimeError(f"{FollowUp.objects.count()} of {count} replies were recorded")
        return count / took


def _reply(traffic, number: int, ticket: int) -> str:  # type: ignore[no-untyped-def]
    made = traffic.reply(
        f"peer.{number}", sender=f"ann{number}@example.org", case_number="1", reference_id="REF-" + "A" * 27
    )
    text = made.data.removesuffix(b".\r\n").decode()
    # It links by its own mark in the subject.
    return text.replace("Subject: Re: [Case 1]", f"Subject: Re: [care-{ticket}]")


def _set_up(folder: str) -> None:
    import django
    from django.conf import settings
    from django.core.management import call_command

    settings.configure(
        SECRET_KEY="benchmark",
        INSTALLED_APPS=[
            *(
                f"django.contrib.{name}"
                for name in ("admin", "auth", "contenttypes", "humanize", "messages", "sessions", "sites")
            ),
            "helpdesk",
        ],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        EMAIL_BACKEND="django.core.mail.backends.locmem.EmailBackend",
        MEDIA_ROOT=f"{folder}/media",
        ROOT_URLCONF=__name__,
        SITE_ID=1,
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
        USE_TZ=True,
        HELPDESK_TEAMS_MODE_ENABLED=False,
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        STATIC_URL="/static/",
    )
    django.setup()
    from django.urls import include, path

    urlpatterns.append(path("", include("helpdesk.urls", namespace="helpdesk")))
    call_command("migrate", verbosity=0)


if __name__ == "__main__":
    print(main(int(sys.argv[1])))
