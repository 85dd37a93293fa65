"""Access tokens for mailboxes that sign in by OAuth 2 (XOAUTH2): made from a refresh token, used until they end.

Providers may hand out a new refresh token with each access token, and the one in the settings ends some day; the new
one is kept in the database.  Nothing here logs a token.  Source: RFC 6749 section 6; docs/mailboxes.md.
"""

from collections.abc import Callable
from typing import Any

import httpx2

from gateway.clock import monotonic_seconds
from gateway.config import Oauth2
from gateway.inbound.imap_session import Trouble

ANSWER_SECONDS = 15.0
# A token that is about to end is not worth a login.
MARGIN_SECONDS = 60.0
USUAL_SECONDS = 3600.0
# A provider that answers with these is busy; all other refusals need a person.
BUSY = frozenset({408, 425, 429})


class Tokens:
    """The access token of one mailbox.

    load, keep: read and write the refresh token that took the place of the one in the settings ("" when none did).
    """

    def __init__(self, settings: Oauth2, load: Callable[[], str], keep: Callable[[str], None]) -> None:
        self._settings, self._load, self._keep = settings, load, keep
        self._token, self._until = "", 0.0

    def get(self) -> str:
        """Return an access token that is still good, asking for a new one where needed.  Raises Trouble."""
        if not self._token or monotonic_seconds() >= self._until:
            self._refresh()
        return self._token

    def drop(self) -> None:
        """Forget the access token: the server did not take it."""
        self._token = ""

    def _refresh(self) -> None:
        ours = self._settings
        refresh = self._load() or ours.refresh_token.get_secret_value()
        told = self._ask(
            {
                "grant_type": "refresh_token",
                "client_id": ours.client_id,
                "client_secret": ours.client_secret.get_secret_value(),
                "refresh_token": refresh,
            }
        )
        token, lasts = told.get("access_token"), told.get("expires_in", USUAL_SECONDS)
        if not isinstance(token, str) or not token:
            raise Trouble("The token endpoint sent no access token; check oauth2.token_url.", refused=True)
        self._token = token
        self._until = monotonic_seconds() + max(_seconds(lasts) - MARGIN_SECONDS, 0)
        given = told.get("refresh_token")
        if isinstance(given, str) and given and given != refresh:
            self._keep(given)

    def _ask(self, form: dict[str, str]) -> dict[str, Any]:
        try:
            answer = httpx2.post(self._settings.token_url, data=form, timeout=ANSWER_SECONDS, follow_redirects=False)
            told = answer.json() if answer.headers.get("content-type", "").startswith("application/json") else {}
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise Trouble(f"The token endpoint does not answer ({type(error).__name__}).") from error
        except ValueError as error:
            raise Trouble("The token endpoint sent something that is no answer; check oauth2.token_url.") from error
        if answer.status_code >= 500 or answer.status_code in BUSY:
            raise Trouble(f"The token endpoint is busy (HTTP {answer.status_code}).")
        if answer.status_code != 200 or not isinstance(told, dict):
            said = told.get("error") if isinstance(told, dict) else None
            word = said if isinstance(said, str) and said.replace("_", "").isalnum() else f"HTTP {answer.status_code}"
            raise Trouble(
                f"The token endpoint gives no access ({word[:60]}); renew oauth2.refresh_token.", refused=True
            )
        return told


def _seconds(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return USUAL_SECONDS
