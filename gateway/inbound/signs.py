"""The signs by which a mail shows that no person wrote it: header values, subjects and phrases.

Tables only; `classify.py` reads them in order.  A new sign is one row here.  All in lower case.
X-Auto-Response-Suppress is no sign: it asks others to be silent, and mail of persons carries it too.
"""

# Local parts that only mail systems use.  A postmaster may be a person, so its mail needs a second sign.
DAEMONS = frozenset(
    (
        "mailer-daemon",
        "mailer_daemon",
        "mailerdaemon",
        "maildaemon",
        "mail-daemon",
        "mail.daemon",
        "mdaemon",
        "mail-delivery-subsystem",
        "microsoftexchange",
        "bounce",
        "bounces",
        "bouncehandler",
        "post_master",
        "post.master",
    )
)
DAEMON_NAMES = (
    "mail delivery subsystem",
    "mail delivery system",
    "mail delivery service",
    "mailer-daemon",
    "mail administrator",
    "mail system",
    "postfix smtp server",
    "microsoft outlook",
    "internet mail delivery",
)
POSTMASTERS = frozenset(("postmaster", "hostmaster", "mailmaster"))
# Words in the local part of machines that are no mail system for certain; NOBODY stands at its beginning.
NOBODY = ("noreply", "no-reply", "no_reply", "donotreply", "do-not-reply")
ROLES = frozenset(
    ("admin", "administrator", "sysadmin", "system", "smtp", "mail", "mailer", "antivirus", "gateway", "imss", "mta")
)

# How the subject of a delivery report begins (after a `[tag]`).
FAILURE_SUBJECTS = (
    "undeliverable|undelivered mail|undelivered message|undeliverable mail|undelivered",
    "mail delivery failed|mail delivery failure|mail delivery problem|mail delivery error|mail delivery status",
    "mail delivery warning|mail delivery subsystem|mail delivery system|mail not delivered|mail undeliverable",
    "delivery status notification|delivery failure|delivery failed|delivery notification|delivery report",
    "delivery error|delivery problem|delivery has failed|delivery unsuccessful|delivery delayed",
    "message delivery failure|message delivery has failed|message delivery delayed|message undeliverable",
    "message could not be delivered|message not delivered|message you sent blocked|message status - undeliverable",
    "your message could not be delivered|your message was not delivered|your mail could not be delivered",
    "failure notice|failure delivery|failed delivery|failed mail|permanent delivery failure|non-delivery",
    "non delivery report|non-delivery notification|nondeliverable mail|non remis|rejected mail|rejected:",
    "returned mail|returned to sender|returned message|return mail|returning message to sender|bounced mail",
    "mail failure|mail failed|mail system error|mail could not be delivered|mail error|email delivery failure",
    "e-mail delivery failure|email could not be delivered|error sending|there was an error sending your mail",
    "warning: message|warning: could not send|warning--could not send|delayed mail|postfix smtp server: errors from",
    "could not send message|cannot send message|considered unsolicited bulk email|mail message refused",
    "unzustellbar|unzustellbare|nicht zugestellt|mail nicht zustellbar|übermittlungsfehler|zustellung fehlgeschlagen",
    "non distribuable|non remise|échec de la remise|message non distribué|notification d'échec",
    "no se puede entregar|correo no entregado|no entregado|devuelto|error de entrega",
    "não entregue|mensagem não entregue|falha na entrega|não foi possível entregar",
    "mancata consegna|non recapitabile|impossibile recapitare|messaggio non recapitato",
    "onbestelbaar|niet bezorgd|kan niet worden afgeleverd|niet afgeleverd",
    "ej levererat|kunde inte levereras|kan ikke leveres|ikke levert|olevererbart",
    "niedostarczona|nie można dostarczyć|niedoręczone|nedoručitelná|nedoručené",
    "недоставлено|не доставлено|ваше сообщение не доставлено|недоставленное сообщение",
    "teslim edilemedi|kézbesíthetetlen|配信不能|メッセージを配信できません|送信エラー|退信|无法投递|系统退信|반송",
)
FAILURE_BODY = (
    "could not be delivered|couldn't be delivered|cannot be delivered|was not delivered|not be delivered to",
    "undeliverable|delivery to the following|delivery has failed|delivery failed|failed permanently|permanent error",
    "permanent fatal errors|following address|user unknown|unknown user|no such user|mailbox unavailable|mailbox full",
    "recipient address rejected|returned to you|unable to deliver|giving up|message has not been delivered",
    "failed recipients|intended recipient|has been postponed",
    "did not reach the following|rejected your message|recipients of the message|host unknown|over quota",
    "nicht zugestellt|konnte nicht|n'a pas pu être|no pudo ser entregad|não pôde ser entregue|не может быть доставлено",
)

# Subjects of automatic replies: a whole subject, or what stands before a colon.
AUTOMATIC_SUBJECTS = (
    "automatic reply|auto reply|autoreply|auto-reply|auto response|autoresponse|auto-response|automated reply",
    "automated response|automatic response|auto|out of office|out of the office|out-of-office|out of office reply",
    "out of office autoreply|out of office auto-reply|ooo|vacation|vacation reply|on vacation|away|i am out of office",
    "automatische antwort|automatische antwort auf|abwesenheitsnotiz|abwesenheit|abwesenheitsmeldung",
    "abwesenheitsassistent|abwesend|urlaub|nicht im büro|autom. antwort",
    "réponse automatique|réponse automatique d'absence|absence du bureau|absent du bureau|message d'absence",
    "respuesta automática|respuesta automatica|fuera de la oficina|fuera de oficina|ausente",
    "resposta automática|resposta automatica|ausência temporária|fora do escritório",
    "risposta automatica|fuori sede|fuori ufficio|assenza dall'ufficio",
    "automatisch antwoord|automatische beantwoording|afwezigheidsbericht|niet aanwezig|afwezig",
    "autosvar|automatiskt svar|automatisk svar|frånvaro|frånvarande|fravær|ikke til stede",
    "automaattinen vastaus|poissa|automatyczna odpowiedź|odpowiedź automatyczna|poza biurem|nieobecność",
    "automatická odpověď|mimo kancelář|automatikus válasz|otomatik yanıt|ofis dışında|răspuns automat",
    "автоответ|автоматический ответ|отсутствие на рабочем месте|автоматична відповідь|αυτόματη απάντηση",
    "自动回复|自動回覆|自動返信|不在通知|자동 회신|부재중",
)
# What machines say about themselves; a text with one of these does not read like a person's answer.
AUTOMATIC_BODY = (
    "out of office|out of the office|on vacation|on holiday|on leave|on annual leave|parental leave|maternity leave",
    "i am away|i'm away|am currently away|currently out|will be back|will return|limited access to|no longer with",
    "back in the office|no longer works",
    "automatic reply|automatic response|automated reply|automated response|automated message",
    "automatically generated|auto-generated|autoresponder|do not reply|don't reply|not monitored|unattended mailbox",
    "thank you for contacting|thanks for contacting|thank you for your email|thank you for your message",
    "has been received|have received your|we received your|ticket has been|request has been|will respond within",
    "nicht im büro|im urlaub|abwesend|nicht erreichbar|automatische|automatisch|eingegangen|nicht überwacht",
    "absent|en congé|absence|automatique|bien reçu|de retour",
    "fuera de la oficina|de vacaciones|automática|automatica|hemos recibido|ausente",
    "férias|recebemos|fora do escritório|fuori ufficio|in ferie|assente|abbiamo ricevuto",
    "afwezig|vakantie|niet aanwezig|ontvangen|semester|frånvarande|ferie|lomalla|urlop|nieobecn|dovolen",
    "отпуск|отсутств|автоматическ|tatil|izinde|szabadság|不在|休暇|自动|自動|휴가|부재",
)
# What a mail service writes for programs when a mail of ours came back (Amazon SES over SNS), without white space.
BOUNCE_NOTICES = ('"notificationtype":"bounce"', '"eventtype":"bounce"')
CHALLENGE_SUBJECTS = (
    "please confirm your message|confirm your message|please confirm (conf|confirm email delivery",
    "verify your email to|your email requires verification|your message requires verification|message verification",
    "verification required|sender verification|sender confirmation|please verify your email message",
    "action required to deliver|action required: verify|request for confirmation of|challenge-response",
    "bestätigung ihrer nachricht erforderlich|confirmez votre message|confirme su mensaje|подтвердите",
)
CHALLENGE_BODY = (
    "deliver your message|message has been held|message is being held|is waiting for|prove that you are|are a human",
    "whitelist|verify that you|to confirm that|not in my list|not yet on|one-time|captcha|confirmation request",
    "is being held because",
)

# Header fields that only automatic mail has, whatever their value ("" means any).
AUTOMATIC_FIELDS: dict[str, tuple[str, ...]] = {
    "x-autoreply": ("",),
    "x-autorespond": ("",),
    "x-autoresponder": ("",),
    "x-auto-reply": ("",),
    "x-autoreply-from": ("",),
    "x-mail-autoreply": ("",),
    "x-autogenerated": ("",),
    "x-auto-generated": ("",),
    "x-vacation": ("",),
    "x-vacationmessage": ("",),
    "x-fc-machinegenerated": ("",),
    "x-cron-env": ("",),
    "x-post-messageclass": ("9; autoresponder",),
    "delivered-to": ("autoresponder",),
    "precedence": ("auto_reply", "auto-reply", "bulk", "junk"),
    "x-precedence": ("auto_reply", "auto-reply", "bulk", "junk"),
}
LIST_FIELDS: dict[str, tuple[str, ...]] = {
    "list-id": ("",),
    "list-post": ("",),
    "list-unsubscribe": ("",),
    "list-subscribe": ("",),
    "mailing-list": ("",),
    "x-mailing-list": ("",),
    "x-mailman-version": ("",),
    "x-beenthere": ("",),
    "x-list": ("",),
    "x-listar-version": ("",),
    "x-ecartis-version": ("",),
    "x-egroups-return": ("",),
    "x-listname": ("",),
    "x-ml-name": ("",),
    "precedence": ("list",),
    "x-precedence": ("list",),
}
CHALLENGE_FIELDS: dict[str, tuple[str, ...]] = {
    "x-challenge": ("",),
    "x-boxbe": ("",),
    "x-delivery-agent": ("tmda",),
}
