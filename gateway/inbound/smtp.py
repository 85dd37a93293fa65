"""The SMTP listener: a thread with an event loop that takes mails and hands them to the spool.

Reading order of this way in: smtp (here) · smtp_connection (loop, caps) · smtp_session (commands, the mail) ·
smtp_commands, smtp_recipients, smtp_data, replies (pure) · smtp_input, smtp_limits, smtp_proxy, smtp_tls · spool.
"""

import asyncio
import logging
import threading

from gateway import maillog
from gateway.clock import Clock
from gateway.config import Config
from gateway.errors import GatewayError
from gateway.inbound.smtp_answers import Answers
from gateway.inbound.smtp_connection import Put, Shared
from gateway.inbound.smtp_limits import Connections, InflightBytes
from gateway.inbound.smtp_proxy import proxies
from gateway.inbound.smtp_recipients import Recipients
from gateway.inbound.smtp_session import SmtpSession
from gateway.inbound.smtp_tls import certificates

_BACKLOG = 256


class Listener:
    """Listens on `smtp.host` and `smtp.port`.

    put: takes a mail and promises what became of it; 250 is said when the promise is kept (see Spool.put).
    """

    def __init__(self, config: Config, put: Put, clock: Clock) -> None:
        self._settings = config.smtp
        self._loop = asyncio.new_event_loop()
        self._shared = Shared(
            settings=config.smtp,
            hostname=_ascii_name(config.mail_domain),
            recipients=Recipients(config.accepted, config.mail_domain),
            connections=Connections(config.smtp),
            inflight=InflightBytes(config.smtp.max_inflight_bytes),
            put=put,
            answers=Answers(self._loop),
            clock=clock,
            tls=certificates(config.smtp.tls_cert, config.smtp.tls_key),
            proxies=proxies(config.smtp),
        )
        self._port = config.smtp.port
        self._thread = threading.Thread(target=self._loop.run_forever, name="smtp", daemon=True)

    @property
    def port(self) -> int:
        """Return the port; where the settings say 0, the real one after `start`."""
        return self._port

    def start(self) -> None:
        """Bind, then serve on a thread of its own.  Raises GatewayError when the address cannot be had."""
        # The library's log holds whole addresses and whole commands.
        logging.getLogger("mail.log").setLevel(logging.CRITICAL)
        try:
            self._server = self._loop.run_until_complete(self._bind())
        except OSError as error:
            self._loop.close()
            raise GatewayError(
                f"The SMTP listener cannot use {self._settings.host} port {self._settings.port} "
                f"({(error.strerror or 'unknown error').lower()}); free it or change smtp.host and smtp.port."
            ) from None
        self._port = self._server.sockets[0].getsockname()[1]
        self._thread.start()
        maillog.smtp_listening(host=self._settings.host, port=self._port, tls=self._shared.tls is not None)

    def stop(self) -> None:
        """Take no more connections, let mails under way finish, then close.

        Clients between commands get `421 4.3.2` at once, the others after their mail; after `shutdown_seconds` all are
        cut.  Returns when the thread has ended.  Calling twice is nothing.
        """
        if not self._thread.is_alive():
            return
        asyncio.run_coroutine_threadsafe(self._wind_down(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()

    async def _bind(self) -> asyncio.Server:
        return await self._loop.create_server(
            lambda: SmtpSession(self._shared, self._loop), self._settings.host, self._settings.port, backlog=_BACKLOG
        )

    async def _wind_down(self) -> None:
        self._shared.stopping = True
        self._server.close()
        for connection in list(self._shared.open):
            connection.stop()
        for waiting in list(self._shared.unnamed):
            waiting.give_up()
        give_up = self._loop.time() + self._settings.shutdown_seconds
        while self._shared.open and self._loop.time() < give_up:
            await asyncio.sleep(0.02)
        cut = list(self._shared.open)
        for connection in cut:
            connection.abort()
        # The tasks of cut connections end in the next turns of the loop.
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        maillog.smtp_stopped(cut=len(cut))


def _ascii_name(domain: str) -> str:
    return domain if domain.isascii() else domain.encode("idna").decode("ascii")
