"""Mailboxes that sign in by OAuth 2: a token server of the tests, and an IMAP server that believes its tokens only."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from gateway.config import Oauth2
from gateway.inbound.imap_session import Trouble
from gateway.inbound.imap_token import Tokens
from tests.support import wait_until
from tests.wire.fetching import fetching, letter, settings, status, wait_for, wait_until_empty
from tests.wire.imap_peer import Peer


class Provider:
    """A token endpoint.  refresh: the token that it takes; answer: what it says, None for a new access token."""

    def __init__(self) -> None:
        self.refresh, self.rotates, self.lasts = "first", False, 3600
        self.answer: tuple[int, Any] | None = None
        self.asked: list[dict[str, str]] = []
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
                code, told = provider.tell({key: values[0] for key, values in form.items()})
                self.send_response(code)
                self.send_header("Content-Type", "application/json; charset=utf-8")
                self.end_headers()
                self.wfile.write(json.dumps(told).encode())

            def log_message(self, *_args: object) -> None:
                """Say nothing."""

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/token"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def tell(self, form: dict[str, str]) -> tuple[int, Any]:
        self.asked.append(form)
        if self.answer is not None:
            return self.answer
        if form["refresh_token"] != self.refresh:
            return 400, {"error": "invalid_grant"}
        told: dict[str, Any] = {"access_token": f"access-{len(self.asked)}", "expires_in": self.lasts}
        if self.rotates:
            self.refresh = f"refresh-{len(self.asked)}"
            told["refresh_token"] = self.refresh
        return 200, told

    def settings(self) -> dict[str, str]:
        return {"token_url": self.url, "client_id": "gateway", "client_secret": "hush", "refresh_token": "first"}


@pytest.fixture
def provider() -> Iterator[Provider]:
    running = Provider()
    yield running
    running.close()


def tokens_of(provider: Provider, kept: list[str] | None = None) -> Tokens:
    store = [] if kept is None else kept
    return Tokens(Oauth2(**provider.settings()), lambda: store[-1] if store else "", store.append)  # type: ignore[arg-type]


def test_an_access_token_is_used_until_shortly_before_it_ends(provider: Provider) -> None:
    """PEERS 22."""
    tokens = tokens_of(provider)
    assert [tokens.get(), tokens.get()] == ["access-1", "access-1"]
    tokens.drop()
    assert tokens.get() == "access-2"
    provider.lasts = 59
    tokens.drop()
    assert [tokens.get(), tokens.get()] == ["access-3", "access-4"]
    assert provider.asked[0]["grant_type"] == "refresh_token"


@pytest.mark.parametrize(
    ("answer", "refused"),
    [
        ((400, {"error": "invalid_grant"}), True),
        ((200, {"token_type": "Bearer"}), True),
        ((200, ["nonsense"]), True),
        ((503, {}), False),
        ((429, {"error": "slow_down"}), False),
    ],
)
def test_a_provider_that_gives_no_token_is_trouble_of_the_right_kind(
    provider: Provider, answer: tuple[int, Any], refused: bool
) -> None:
    """IM-06: a busy provider is asked again soon, a refusal needs a person; no secret is in the sentence."""
    provider.answer = answer
    with pytest.raises(Trouble) as trouble:
        tokens_of(provider).get()
    assert trouble.value.refused is refused
    assert "hush" not in str(trouble.value)
    assert "first" not in str(trouble.value)


def test_a_provider_that_is_away_is_trouble_that_passes(provider: Provider) -> None:
    tokens = tokens_of(provider)
    provider.close()
    with pytest.raises(Trouble) as trouble:
        tokens.get()
    assert not trouble.value.refused


def test_a_mailbox_is_fetched_by_token_and_a_replaced_refresh_token_is_kept(
    provider: Provider, sqlite_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """XOAUTH2; PEERS 22: after a restart the newest refresh token counts, and one that is set anew counts before it."""
    provider.rotates = True
    with Peer({1: letter(1)}, token="access-1") as peer:
        box = settings(peer.port, "care@example.com", password="", oauth2=provider.settings())
        with fetching(tmp_path, sqlite_url, box) as app:
            wait_for(app, 1)
            wait_until_empty(app)
        assert provider.refresh == "refresh-1"
        peer.token, peer.mails[2] = "access-2", letter(2)
        with fetching(tmp_path, sqlite_url, box) as app:
            wait_for(app, 2)
        provider.refresh, peer.token, peer.mails[3] = "set anew", "access-3", letter(3)
        with fetching(
            tmp_path, sqlite_url, box | {"oauth2": provider.settings() | {"refresh_token": "set anew"}}
        ) as app:
            wait_for(app, 3)
    said = capsys.readouterr()
    assert not [secret for secret in ("hush", "refresh-1", "access-1") if secret in said.out + said.err]


def test_a_token_that_the_server_declines_is_an_error_with_a_sentence(
    provider: Provider, sqlite_url: str, tmp_path: Path
) -> None:
    with Peer({1: letter(1)}, token="another") as peer:
        box = settings(peer.port, "care@example.com", password="", oauth2=provider.settings())
        with fetching(tmp_path, sqlite_url, box) as app:
            wait_until(lambda: status(app).error, what="the refusal")
            assert "does not let care@example.com sign in" in status(app).error
