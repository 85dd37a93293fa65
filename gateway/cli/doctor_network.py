"""What `gateway doctor` asks of others: the broker, the relay, whoever sits on our ports.  It changes nothing there."""

import json
import smtplib
import socket
import ssl
from datetime import datetime, timedelta
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gateway.config import Config, RelaySection

OK, NOTE, PROBLEM = "ok", "note", "problem"
Verdict = tuple[str, str]

TIMEOUT_SECONDS = 5
CERTIFICATE_WARNING = timedelta(days=14)


def broker(config: "Config") -> Verdict:
    """Ask Redis for an answer."""
    if not config.broker.url:
        return OK, "Wake-ups stay inside the process; nothing else is needed."
    import redis

    try:
        with redis.Redis.from_url(config.broker.url, socket_connect_timeout=TIMEOUT_SECONDS) as client:
            client.ping()
    except redis.AuthenticationError:
        return PROBLEM, "Redis asks for another password; put the right one into broker.url (redis://:PASSWORD@HOST)."
    except (redis.RedisError, ValueError) as error:
        return PROBLEM, f"Redis does not answer ({type(error).__name__}); start it or check broker.url."
    return OK, "Redis answers."


def relay(config: "Config") -> Verdict:
    """Greet the relay, secure the line and sign in, as the worker will; sends nothing."""
    asked = config.relay
    if not asked.host:
        return NOTE, f"No relay is set, so mails are written to {config.gateway.data_dir / 'sent'}; set relay.host."
    where = f"{asked.host}:{asked.port}"
    try:
        return _greet_relay(asked, where, config.mail_domain)
    except socket.gaierror:
        return PROBLEM, f"The name {asked.host} is not known; check relay.host, or the name server of this machine."
    except ssl.SSLCertVerificationError as error:
        return PROBLEM, f"The certificate of {where} is not trusted ({error.verify_message}); check relay.host."
    except ssl.SSLError:
        return PROBLEM, f"{where} does not speak TLS as relay.tls says ({asked.tls}); check relay.tls and relay.port."
    except smtplib.SMTPAuthenticationError as error:
        return PROBLEM, f"{where} refuses relay.user with {error.smtp_code}; check user and password."
    except (OSError, smtplib.SMTPException) as error:
        why = getattr(error, "strerror", None) or type(error).__name__
        return PROBLEM, f"{where} does not answer as a relay ({why}); check relay.host and relay.port."


def _greet_relay(asked: "RelaySection", where: str, our_name: str) -> Verdict:
    safe = ssl.create_default_context()
    if asked.tls == "implicit":
        session: smtplib.SMTP = smtplib.SMTP_SSL(
            asked.host, asked.port, local_hostname=our_name, timeout=TIMEOUT_SECONDS, context=safe
        )
    else:
        session = smtplib.SMTP(asked.host, asked.port, local_hostname=our_name, timeout=TIMEOUT_SECONDS)
    with session:
        code, _ = session.ehlo()
        if code != 250:
            return PROBLEM, f"{where} answers EHLO with {code}; ask who runs it."
        if asked.tls == "starttls":
            if not session.has_extn("starttls"):
                return PROBLEM, f"{where} does not offer STARTTLS, so no mail leaves; check relay.tls."
            session.starttls(context=safe)
            session.ehlo()
        if asked.user and not session.has_extn("auth"):
            return PROBLEM, f"{where} takes no sign-in on this line; check relay.tls and relay.user."
        if asked.user:
            session.login(asked.user, asked.password.get_secret_value())
    return OK, f"{where} answers."


def listener(config: "Config") -> Verdict:
    """See whether our port of SMTP is ours."""
    host, port = config.smtp.host, config.smtp.port
    if port == 0:
        return OK, "The system chooses the port at each start."
    try:
        with socket.create_connection((host, port), timeout=TIMEOUT_SECONDS) as peer:
            greeting = peer.recv(200)
    except ConnectionRefusedError:
        free = f"{host}:{port} is free: the gateway does not take mail now; `gateway serve` starts it."
        return (NOTE, free) if _is_ours(host, port) else _not_ours("smtp", host)
    except TimeoutError:
        if not _is_ours(host, 0):
            return _not_ours("smtp", host)
        return PROBLEM, f"{host}:{port} is taken by something that says nothing; stop it or change smtp.port."
    except OSError:
        return _not_ours("smtp", host)
    if not greeting.startswith((b"220", b"421")):
        return PROBLEM, f"{host}:{port} is taken by something that is no mail server; stop it or change smtp.port."
    return OK, f"{host}:{port} answers."


def web(config: "Config") -> Verdict:
    """See whether our port of HTTP is ours."""
    host, port = config.web.host, config.web.port
    if port == 0:
        return OK, "The system chooses the port at each start."
    line = HTTPConnection(host, port, timeout=TIMEOUT_SECONDS)
    try:
        line.request("GET", "/healthz")
        said = json.loads(line.getresponse().read(1000))
    except ConnectionRefusedError:
        free = f"{host}:{port} is free: API and console are off now; `gateway serve` starts them."
        return (NOTE, free) if _is_ours(host, port) else _not_ours("web", host)
    except (HTTPException, ValueError, OSError):
        if not _is_ours(host, 0):
            return _not_ours("web", host)
        said = None
    finally:
        line.close()
    if not isinstance(said, dict) or said.get("status") != "ok":
        return PROBLEM, f"{host}:{port} is taken by another program; stop it or change web.port."
    return OK, f"{host}:{port} answers."


def certificate(config: "Config") -> Verdict:
    """Look at the certificate that the listener shows."""
    from gateway.clock import SystemClock

    cert, key = config.smtp.tls_cert, config.smtp.tls_key
    if not cert and not key:
        return OK, "The listener offers no TLS."
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(cert, key)
        ends = _not_after(Path(cert))
    except (OSError, ValueError):
        return PROBLEM, "smtp.tls_cert and smtp.tls_key are no readable PEM certificate and its own key."
    left = ends - SystemClock().now()
    if left <= timedelta(0):
        return PROBLEM, f"The certificate of the listener ended on {ends:%Y-%m-%d}; renew smtp.tls_cert."
    if left < CERTIFICATE_WARNING:
        return NOTE, f"The certificate of the listener ends on {ends:%Y-%m-%d}; renew smtp.tls_cert."
    return OK, f"The certificate of the listener holds until {ends:%Y-%m-%d}."


def _not_after(path: Path) -> datetime:
    from asn1crypto import pem, x509

    _, _, der = pem.unarmor(path.read_bytes())  # type: ignore[no-untyped-call]
    ends: datetime = x509.Certificate.load(der)["tbs_certificate"]["validity"]["not_after"].native  # type: ignore[no-untyped-call]
    return ends


def _is_ours(host: str, port: int) -> bool:
    """Say whether we could listen there."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def _not_ours(section: str, host: str) -> Verdict:
    return PROBLEM, f"{host} is no address of this machine, or may not be bound; change {section}.host."
