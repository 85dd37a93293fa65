"""What the console asks of one mail beside its view: an attached file, and whether it has HTML."""

from gateway.desk import mails
from gateway.desk.ids import row_id
from gateway.errors import NotFound
from gateway.model.views import AttachmentView
from gateway.services import Services
from gateway.store import mails as stored


def file(services: Services, mail_id: str, place: str) -> tuple[AttachmentView, bytes]:
    """Return an attached file and its bytes.  place: from 1, as the mail's view lists them.  Raises NotFound."""
    files = mails.show(services, mail_id).attachments
    number = row_id(place)
    if not 1 <= number <= len(files):
        raise NotFound("This mail has no such file.")
    wanted = files[number - 1]
    with services.database.read() as conn:
        content = stored.raw_many(conn, [wanted.sha256]).get(wanted.sha256)
    if content is None:
        raise NotFound("This file was deleted after its time.")
    return wanted, content
