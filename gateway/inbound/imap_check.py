"""Look whether a mailbox can be fetched as the settings say, and whether a certain mail is in it; changes nothing.

For `gateway doctor`.  Every fault is one sentence that says what to do.  Source: IM-06, IM-08.
"""

from gateway.config import ImapSection
from gateway.inbound import imap_session
from gateway.inbound.imap_session import Secret, Trouble

LOCAL = ("127.0.0.1", "::1", "localhost")


def fault(name: str, settings: ImapSection, secret: Secret) -> str:
    """Return what is wrong with a mailbox, "" when it can be fetched."""
    if settings.oauth2 is None and not settings.password.get_secret_value():
        return f"Mailbox {name} has neither password nor oauth2; set imap.{name}.password."
    try:
        session = imap_session.connect(settings, secret)
    except Trouble as trouble:
        return f"Mailbox {name}: {trouble}"
    try:
        session.select(settings.folder, read_only=True)
        moved_to = settings.processed_folder
        if moved_to and not session.has_folder(moved_to):
            return f"Mailbox {name} has no folder {moved_to}; make it, or change imap.{name}.processed_folder."
    except Trouble as trouble:
        return f"Mailbox {name}: {trouble}"
    finally:
        session.close()
    return ""


def unprotected(settings: ImapSection) -> bool:
    """Say whether the password and all mail travel where others can read them."""
    return settings.tls == "none" and settings.host not in LOCAL


class Lookout:
    """A connection that looks for one mail in the folders of a mailbox, whoever may have moved it.  Raises Trouble."""

    def __init__(self, settings: ImapSection, secret: Secret) -> None:
        self._folders = [folder for folder in (settings.folder, settings.processed_folder) if folder]
        self._session = imap_session.connect(settings, secret)

    def sees(self, message_id: str) -> bool:
        """Say whether the mail is there now."""
        for folder in self._folders:
            self._session.select(folder, read_only=True)
            if self._session.with_message_id(message_id):
                return True
        return False

    def close(self) -> None:
        """Sign off."""
        self._session.close()
