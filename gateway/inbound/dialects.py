"""The dialects in which mail servers report in words: how they name the recipient, say why, and copy the mail.

Tables only; `dsn_words.py` reads them in order.  A new dialect is one phrase here.  All in lower case, white space as
single spaces; `|` parts the phrases of a line.
"""

import re


def words_of(table: tuple[str, ...]) -> tuple[str, ...]:
    """Return the phrases of a table."""
    return tuple(word for line in table for word in line.split("|"))


# Behind such words, lines that begin with an address name failed recipients.
ANNOUNCEMENTS = words_of(
    (
        "following address|following recipient|following destination|following user|following email|following e-mail",
        "following mailbox|following person|following group|recipient(s):|recipients:|recipient:|addresses:",
        "these people",
        "did not reach|not delivered to|be delivered to|been delivered to|delivery to|delivered to|undelivered to",
        "unable to deliver|could not deliver|couldn't deliver|cannot deliver|can't deliver|problem delivering",
        "error delivering|failed recipient|failed address|these recipients|failed to these|delivery has failed",
        "permanent fatal errors|transient non-fatal errors|fatal errors|delivery problems|delivery errors",
        "addresses had",
        "returned to sender|message was sent to|message to|for the following reason|recipients of this",
        "recipients of the",
        "an folgende|folgende empfänger|folgenden empfänger|folgende adresse|folgenden adresse|nicht zugestellt",
        "destinataires suivants|destinataire suivant|adresses suivantes|adresse suivante|n'a pas pu être|n'a pas été",
        "siguientes destinatarios|siguiente destinatario|destinatarios siguientes|siguientes direcciones",
        "siguiente dirección|no se pudo entregar|no se ha podido entregar|no pudo ser entregad|no se entregó",
        "seguintes destinatários|seguinte destinatário|destinatários a seguir|seguintes endereços|não foi possível",
        "não pôde ser entregue|seguenti destinatari|seguente destinatario|seguenti indirizzi|impossibile recapitare",
        "non è stato possibile|non è stato recapitato|volgende ontvanger|volgende geadresseerde|volgende adres",
        "niet worden bezorgd|niet worden afgeleverd|följande mottagare|följande adress|kunde inte levereras",
        "følgende modtager|følgende mottaker|følgende adress|kunne ikke leveres|seuraav|vastaanottaj|następując",
        "nie można dostarczyć|nie udało się dostarczyć|následujíc|nelze doručit|nepodařilo se doručit|következő cím",
        "nem sikerült|nem kézbesíthető|aşağıdaki|teslim edilemedi|următor|nu a putut fi livrat|следующ|не доставлено",
        "не может быть доставлено|не удалось доставить|наступн|не вдалося доставити|не може да бъде|παραλήπτ",
        "נמען|الى",
        "以下の|次の|宛先|配信できません|お届けできません|送信できません|届けることができません|以下|下列|无法投递|无法送达",
        "無法傳遞|無法送達|收件人|다음|받는 사람|수신자|전달하지 못|전송하지 못",
    )
)
# What stands straight before a failed recipient inside a sentence, or labels it.
BEFORE = words_of(
    (
        "message to|message for|mail to|mail for|email to|letter to|sent to|sending to|send to|addressed to",
        "delivery to",
        "delivered to|deliver to|delivering to|deliver it to|deliver message to|deliver your message to",
        "deliver mail to",
        "deliver your mail to|deliver the message to|deliver this message to|delivering your message to",
        "delivering your mail to|message was addressed|mailbox for|account for|mailbox of|generated from",
        "expanded from",
        "originally addressed to|original address|original recipient|final recipient|failed recipient",
        "intended recipient",
        "recipient address|recipient|recipients|recipient(s)|rcpt to|to address|target mail address|target address",
        "mail address|email address|e-mail address|the address|the user|user|mailbox|account|failed address",
        "failed user",
        "nachricht an|mail an|zustellung an|empfänger|empfängeradresse|adresse|message à|courriel à|destinataire",
        "mensaje a|mensaje para|correo a|destinatario|mensagem para|destinatário|messaggio a|messaggio per",
        "bericht aan",
        "ontvanger|geadresseerde|meddelandet till|mottagare|modtager|mottaker|wiadomości do|wiadomość do|odbiorca",
        "adresat|příjemce|címzett|alıcı|destinatar|сообщение для|письмо для|получатель|адресат|одержувач|宛先|收件人",
        "收件地址|受信者|수신자|받는 사람",
    )
)
# What stands straight behind a failed recipient inside a sentence.
AFTER = words_of(
    (
        "could not be|couldn't be|cannot be|can't be|was not|wasn't|has not been|is not|isn't|does not",
        "doesn't|did not",
        "is unknown|unknown|is full|is over|is disabled|is inactive|no longer|has reached|has been rejected",
        "was rejected",
        "has been blocked|was blocked|has been delayed|is being delayed|user unknown|no such|not found",
        "failed|rejected",
        "exceeded|is invalid|invalid|: host|: 5|: 4|... user|... unknown|... no such|... deferred|... host",
        "konnte nicht|kann nicht|wurde nicht|existiert nicht|ist nicht|ist unbekannt|n'a pas|n'existe pas",
        "est inconnu",
        "no se|no pudo|no existe|não pôde|não foi|não existe|non è|non esiste|kon niet|kan niet|bestaat niet",
        "kunde inte|finns inte|kunne ikke|findes ikke|finnes ikke|nie istnieje|nie może|neexistuje",
        "nem létezik|не может",
        "не существует|не найден|не удалось|は存在しません|不存在|존재하지",
    )
)
# Whom such a text asks to write to.
CONTACTS = frozenset(("postmaster", "abuse", "mailer-daemon", "support", "helpdesk", "hostmaster", "webmaster", "root"))

# The server keeps trying: nothing has failed yet.
DELAYED_SUBJECTS = words_of(
    (
        "delayed|delay|warning: could not send|warning: message|warning - delayed|still undelivered",
        "not yet delivered",
        "verzögert|verzögerung|retardé|retard|retrasad|demorad|atrasad|ritard|vertraagd|vertraging|försenad|forsink",
        "opóźni|zpožděn|késik|gecik|întârzi|задерж|затрим|遅延|延迟|延遲|지연",
    )
)
DELAYED_BODY = words_of(
    (
        "this is a warning message only|you do not need to resend|no action is required|will continue to be retried",
        "will be retried|will keep trying|will continue trying|delivery attempts will continue",
        "has not yet been delivered",
        "has not been delivered yet|still trying|will try again|has been delayed|being delayed",
        "delivery is delayed|not yet been delivered|wird weiter versucht|weitere zustellversuche",
        "noch nicht zugestellt",
        "n'a pas encore été|sera renvoyé|todavía no se ha|se seguirá intentando|ainda não foi entregue",
        "non è ancora stato",
        "nog niet bezorgd|ännu inte levererat|будут продолжены|ещё не доставлено|仍在尝试",
    )
)
# Words of giving up, which outweigh a remembered delay.
GIVEN_UP = words_of(
    (
        "giving up|given up|permanent error|permanent fatal|will be deleted from queue|could not be delivered for",
        "has failed|delivery failed|failed permanently|retry timeout exceeded|too long|expired|endgültig",
    )
)

# Why, where the server gives no enhanced status code (RFC 3463): the first phrase found decides.
STATUS_WORDS: tuple[tuple[str, str], ...] = (
    ("mailbox full", "5.2.2"),
    ("mailbox is full", "5.2.2"),
    ("over quota", "5.2.2"),
    ("mailbox quota", "5.2.2"),
    ("quota exceeded", "5.2.2"),
    ("exceeded quota", "5.2.2"),
    ("exceeded the local limit", "5.2.2"),
    ("disk quota", "5.2.2"),
    ("too large", "5.3.4"),
    ("exceeds the maximum", "5.3.4"),
    ("host unknown", "5.1.2"),
    ("host not found", "5.1.2"),
    ("domain not found", "5.1.2"),
    ("no such domain", "5.1.2"),
    ("unrouteable", "5.1.2"),
    ("user unknown", "5.1.1"),
    ("unknown user", "5.1.1"),
    ("unknown recipient", "5.1.1"),
    ("user not known", "5.1.1"),
    ("no such user", "5.1.1"),
    ("no such recipient", "5.1.1"),
    ("not a valid", "5.1.1"),
    ("does not exist", "5.1.1"),
    ("doesn't exist", "5.1.1"),
    ("not recognized", "5.1.1"),
    ("not listed", "5.1.1"),
    ("couldn't be found", "5.1.1"),
    ("disabled", "5.2.1"),
    ("inactive", "5.2.1"),
    ("suspended", "5.2.1"),
    ("timed out", "4.4.1"),
    ("connection refused", "4.4.1"),
    ("spam", "5.7.1"),
    ("blocked", "5.7.1"),
    ("not authorized", "5.7.1"),
    ("access denied", "5.7.1"),
    ("relaying denied", "5.7.1"),
)

# Where servers that write no machine-readable part begin the copy of the mail that came back.
COPY_BEGINS = re.compile(
    r"\s*(?:[-_=*#~]{2,}.{0,30})?(?:original message|copy of (?:the|your) message|below this line is a copy"
    r"|returned (?:message|mail)|message header|unsent message|message follows|headers? (?:of|follow)"
    r"|(?:this is )?(?:a|the) copy of|the (?:body|header|headers) of|undelivered message|message contents"
    r"|beginning of the original|included is a copy|the first \d+ lines|your message (?:reads|follows|begins)"
    r"|your original message|bounced e-?mail|text of (?:the|your) message|original headers|forwarded message"
    r"|ursprüngliche nachricht|originalnachricht|message d'origine|mensaje original|mensagem original"
    r"|messaggio originale|oorspronkelijk bericht|ursprungligt meddelande|исходное сообщение|原始邮件|元のメッセージ)",
    re.IGNORECASE,
)
