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
DAEMON_BEGINNINGS = ("mailer-daemon", "mailer_daemon", "mailerdaemon", "mail-daemon", "microsoftexchange")
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
    "mail delivery agent",
    "mail router",
    "mail transfer agent",
    "mail transport",
    "mail gateway",
    "mailadministrator",
    "delivery subsystem",
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
    "warning: message|warning: could not send|warning--could not send",
    "delayed mail|postfix smtp server: errors from",
    "could not send message|cannot send message|considered unsolicited bulk email|mail message refused",
    "unzustellbar|unzustellbare|nicht zugestellt|mail nicht zustellbar",
    "übermittlungsfehler|zustellung fehlgeschlagen",
    "non distribuable|non remise|échec de la remise|message non distribué|notification d'échec",
    "no se puede entregar|correo no entregado|no entregado|devuelto|error de entrega",
    "não entregue|mensagem não entregue|falha na entrega|não foi possível entregar",
    "mancata consegna|non recapitabile|impossibile recapitare|messaggio non recapitato",
    "onbestelbaar|niet bezorgd|kan niet worden afgeleverd|niet afgeleverd",
    "ej levererat|kunde inte levereras|kan ikke leveres|ikke levert|olevererbart",
    "niedostarczona|nie można dostarczyć|niedoręczone|nedoručitelná|nedoručené",
    "недоставлено|не доставлено|ваше сообщение не доставлено|недоставленное сообщение",
    "kan inte levereras|ikke leveret|ei voida toimittaa",
    "toimitus epäonnistui|nedoručiteľné|nu se poate livra|nelivrat",
    "не удалось доставить|невозможно доставить|не вдалося доставити|не може да бъде доставено|δεν παραδόθηκε",
    "não é possível entregar|no es posible entregar|impossible de remettre|impossibile consegnare|nicht zustellbar",
    "お届けできませんでした|メール配信エラー|无法送达|未送达|無法傳遞",
    "無法送達|投递失败|邮件退回|전달되지 않음|배달되지 않음",
    "לא ניתן למסירה|تعذر التسليم|không thể gửi|gagal terkirim|message delayed|delivery delay|delay warning",
    "message status|message rejected|message blocked|message bounced|message refused|message expired|email bounce",
    "automatic bounce|bounce notification|bounced message|bounced email|delivery incomplete|address not found",
    "couldn't deliver|could not deliver|unable to deliver",
    "undeliverable message|undelivered email|email not delivered",
    "your email could not be delivered|your e-mail could not be delivered|your message to|non-deliverable",
    "notification d'état de remise|benachrichtigung über den zustellstatus|notificación de estado de entrega",
    "notifica dello stato del recapito|notificação de status de entrega|unzustellbarkeitsbericht|zustellbericht",
    "teslim edilemedi|kézbesíthetetlen|配信不能|メッセージを配信できません|送信エラー|退信|无法投递|系统退信|반송",
)
FAILURE_BODY = (
    "could not be delivered|couldn't be delivered|cannot be delivered|was not delivered|not be delivered to",
    "undeliverable|delivery to the following|delivery has failed",
    "delivery failed|failed permanently|permanent error",
    "permanent fatal errors|following address|user unknown|unknown user",
    "no such user|mailbox unavailable|mailbox full",
    "recipient address rejected|returned to you|unable to deliver|giving up|message has not been delivered",
    "failed recipients|intended recipient|has been postponed",
    "did not reach the following|rejected your message|recipients of the message|host unknown|over quota",
    "nicht zugestellt|konnte nicht|n'a pas pu être|no pudo ser entregad",
    "não pôde ser entregue|не может быть доставлено",
)

# Subjects and texts by which the program of a list refuses a mail (fml, Mailman, majordomo, ezmlm, Sympa, Listserv).
LIST_REFUSAL_SUBJECTS = (
    "loop alert|not member|you are not|non-member|non member|security alert|request to mailing list",
    "your message to the list|message rejected|rejected post|bounce |posting to|your posting",
)
LIST_REFUSAL_BODY = (
    "you are not a member of this mailing list|not allowed to post|only members may post|only subscribers may post",
    "your message has been rejected|your message was rejected|duplicated message-id|your post has been rejected",
    "you are not authorized to send|not subscribed to this list|must be subscribed to post",
)
LIST_PROGRAMS = ("-admin", "-owner", "-bounces", "-request", "-help", "-ctl")
LIST_PROGRAM_NAMES = frozenset(("listserv", "majordomo", "sympa", "mailman", "listproc", "ezmlm", "fml"))

# Subjects of automatic replies: a whole subject, or what stands before a colon.
AUTOMATIC_SUBJECTS = (
    "automatic reply|auto reply|autoreply|auto-reply|auto response|autoresponse|auto-response|automated reply",
    "automated response|automatic response|auto|out of office|out of the office|out-of-office|out of office reply",
    "out of office autoreply|out of office auto-reply|ooo|vacation",
    "vacation reply|on vacation|away|i am out of office",
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
    "自动回复|自动答复|自動回覆|自動答覆|自動返信|自動応答|不在通知|자동 회신|자동 응답|부재중|자동 답장",
    "automatická odpoveď|automatski odgovor|аутоматски одговор",
    "samodejni odgovor|автоматичен отговор|automatinis atsakymas",
    "automātiskā atbilde|automaatvastus|resposta automàtica",
    "erantzun automatikoa|sjálfvirkt svar|odpowiedź automatyczna",
    "מענה אוטומטי|תשובה אוטומטית|رد تلقائي|ตอบกลับอัตโนมัติ|trả lời tự động|balasan otomatis|स्वचालित उत्तर",
    "ev uzağında|ofis dışındayım|în afara biroului|az irodán kívül|mimo kanceláriu|van de ureda|отсъствие от офиса",
    "out of office notification|out of office message|away from office|away from the office|out of office response",
    "vacation message|vacation notice|vacation response|holiday notice|automatic reply from|absence notice",
    "eingangsbestätigung|accusé de réception automatique|acuse de recibo automático|ontvangstbevestiging",
)
# A subject may begin so and go on (`Out of office until May`) when the body speaks as a machine.
AUTOMATIC_BEGINNINGS = (
    "out of office|out of the office|ooo|away from|on vacation|on leave|i am out of|i'm out of|absence|abwesend",
    "abwesenheit|nicht im büro|im urlaub|absent|absence du bureau",
    "fuera de la oficina|fuori ufficio|fora do escritório",
    "afwezig|afwezigheid|frånvarande|fraværende|fravær|poissa",
    "poza biurem|nieobecn|ofis dışı|отсутств|в отпуске|不在",
)
CONTINUATIONS = (
    "until|till|from|since|thru|through|for|on|bis|vom|ab |von|jusqu",
    "du |au |hasta|desde|del|fino|dal|até|de |tot|van",
    "t/m|till och|t.o.m|til |saakka|do |od |до|с |по |-|–|—|(|[|!|,|.|/|0|1|2|3|4|5|6|7|8|9|a partir|from:",
)
# How a note of absence opens.
ABSENCE = (
    "i am out of the office|i'm out of the office",
    "i will be out of the office|i am currently out of|i'm currently out of",
    "i am away from|i am on vacation|i'm on vacation|i am on holiday|i am on annual leave|i am currently on leave",
    "out of the office until|out of office until|i am currently away",
    "will be away from the office|this is an automat",
    "ich bin nicht im büro|ich bin derzeit nicht|ich bin zurzeit nicht",
    "ich bin bis|bin ich im urlaub|ich bin im urlaub",
    "ich bin ab dem|ich befinde mich im urlaub|je suis absent|je suis actuellement absent|je suis en congé",
    "actuellement en congés|estoy fuera de la oficina|me encuentro fuera|estaré fuera|estou fora do escritório",
    "estou ausente|encontro-me ausente|sono fuori ufficio|sono in ferie|sono assente|sarò assente|ik ben afwezig",
    "ik ben niet aanwezig|ik ben met vakantie|jag är på semester",
    "jag är inte på kontoret|jeg er på ferie|jeg er ikke på",
    "olen lomalla|olen poissa|jestem na urlopie|jestem poza biurem|przebywam na urlopie|jsem na dovolené|jsem mimo",
    "som na dovolenke|szabadságon vagyok|irodán kívül vagyok",
    "ofis dışındayım|izindeyim|sunt în concediu|în afara biroului",
    "я в отпуске|нахожусь в отпуске|меня нет в офисе|я у відпустці|λείπω από το γραφείο|είμαι εκτός γραφείου",
    "外出しております|休暇をいただいて|不在にして|不在のため|我正在休假",
    "我不在办公室|我目前不在|휴가 중|부재중입니다",
    "אני לא במשרד|אני בחופשה|أنا خارج المكتب|tôi đang nghỉ|saya sedang cuti",
)
# What machines say about themselves; a text with one of these does not read like a person's answer.
AUTOMATIC_BODY = (
    "out of office|out of the office|on vacation|on holiday|on leave",
    "on annual leave|parental leave|maternity leave",
    "i am away|i'm away|am currently away|currently out|will be back|will return|limited access to|no longer with",
    "back in the office|no longer works",
    "automatic reply|automatic response|automated reply|automated response|automated message",
    "automatically generated|auto-generated|autoresponder|do not reply",
    "don't reply|not monitored|unattended mailbox",
    "thank you for contacting|thanks for contacting|thank you for your email|thank you for your message",
    "has been received|have received your|we received your|ticket has been|request has been|will respond within",
    "nicht im büro|im urlaub|abwesend|nicht erreichbar|automatische|automatisch|eingegangen|nicht überwacht",
    "absent|en congé|absence|automatique|bien reçu|de retour",
    "fuera de la oficina|de vacaciones|automática|automatica|hemos recibido|ausente",
    "férias|recebemos|fora do escritório|fuori ufficio|in ferie|assente|abbiamo ricevuto",
    "afwezig|vakantie|niet aanwezig|ontvangen|semester|frånvarande|ferie|lomalla|urlop|nieobecn|dovolen",
    "отпуск|отсутств|автоматическ|tatil|izinde|szabadság|不在|休暇|自动|自動|휴가|부재",
)
# What a mail service writes for programs about a mail of ours (Amazon SES over SNS), without white space; a notice of
# delivery is a report of delivery, as `Action: delivered` is.
BOUNCE_NOTICES = (
    *(
        f'"{field}":"{event}'
        for field in ("notificationtype", "eventtype")
        for event in ("bounce", "deliver", "reject")
    ),
)
COMPLAINT_NOTICES = ('"notificationtype":"complaint"', '"eventtype":"complaint"')
CHALLENGE_SUBJECTS = (
    "please confirm your message|confirm your message|please confirm (conf|confirm email delivery",
    "verify your email to|your email requires verification|your message requires verification|message verification",
    "verification required|sender verification|sender confirmation|please verify your email message",
    "action required to deliver|action required: verify|request for confirmation of|challenge-response",
    "your message is awaiting|message held|please authenticate|authentication required|one-time verification",
    "anti-spam verification|spam filter confirmation|you have been challenged|approve your email|click to deliver",
    "bestätigung ihrer nachricht erforderlich|confirmez votre message|confirme su mensaje|подтвердите",
)
CHALLENGE_BODY = (
    "deliver your message|message has been held|message is being held",
    "is waiting for|prove that you are|are a human",
    "whitelist|verify that you|to confirm that|not in my list|not yet on|one-time|captcha|confirmation request",
    "is being held because",
)

# Header fields that only a report of failed delivery has.
BOUNCE_FIELDS: dict[str, tuple[str, ...]] = {
    "x-failed-recipients": ("",),
    "x-ms-exchange-message-is-ndr": ("",),
    "x-dsncontext": ("",),
}
LIST_PROGRAM_FIELDS: dict[str, tuple[str, ...]] = {
    "x-mlserver": ("",),
    "x-ml-info": ("",),
    "x-mailman-version": ("",),
    "x-list-administrivia": ("",),
    "list-id": ("",),
    "list-post": ("",),
    "mailing-list": ("",),
    "x-listserv": ("",),
    "auto-submitted": ("auto",),
    "precedence": ("bulk", "list", "junk"),
}
# The wish to get no automatic answer: alone no sign, beside a note of absence it is one.
SILENCE_FIELDS: dict[str, tuple[str, ...]] = {
    "x-auto-response-suppress": ("",),
    "x-loop": ("",),
    "x-no-auto-attachment": ("",),
}
# Only the mail program of a person names itself so.
PERSONAL_FIELDS: dict[str, tuple[str, ...]] = {
    "user-agent": ("",),
    "x-mailer": ("microsoft outlook", "apple mail", "iphone mail", "ipad mail", "thunderbird", "emclient", "the bat"),
}
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
    "x-holidayreply": ("",),
    "x-autoresponse": ("",),
    "x-auto-responder": ("",),
    "x-auto-response": ("",),
    "x-autoresponder-version": ("",),
    "x-mail-autoresponder": ("",),
    "x-sieve-vacation": ("",),
    "x-oof": ("",),
    "x-cpanel-autoresponder": ("",),
    "x-exclaimer-autoreply": ("",),
    "x-rt-loop-prevention": ("",),
    "x-autoreply-type": ("",),
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
    "sender": ("owner-",),
    "precedence": ("list",),
    "x-precedence": ("list",),
}
# Hosts of lists only: what comes from an address there comes from a list.
LIST_HOSTS = (
    "yahoogroups.com",
    "yahoogroupes.fr",
    "yahoogroups.co.uk",
    "egroups.com",
    "googlegroups.com",
    "groups.io",
    "topica.com",
    "freelists.org",
)
CHALLENGE_FIELDS: dict[str, tuple[str, ...]] = {
    "x-challenge": ("",),
    "x-boxbe": ("",),
    "x-delivery-agent": ("tmda",),
}

# What each row of `classify.ROWS` looks at, in its order.
SENTENCES: dict[str, str] = {
    "own-mark": "It carries our keyed mark for its own Message-ID.",
    "refusal": "A mail system says in a receipt that it deleted the mail unread.",
    "receipt": "It is a receipt (RFC 8098).",
    "complaint": "It is a complaint about abuse (RFC 5965).",
    "delivery-report": "It has a delivery status part, or its type says so (RFC 3464).",
    "failed-recipients-header": "It has a header field that only bounces have.",
    "daemon-sender": "A mail system wrote it, by its local part; by its name only when the mail speaks of failure.",
    "postmaster-failure": "A postmaster wrote it, and it speaks of failure.",
    "null-sender-failure": "Its reverse path is empty, and its subject is that of a bounce.",
    "machine-sender-failure": "A role account wrote it or a bounce address got it; subject and body speak of failure.",
    "returned-mail": "It speaks of failure, comes from a machine and holds the mail that came back.",
    "bounce-address": "It went where only bounces go, speaks of failure and is no note of absence.",
    "bounce-notice": "It is a sending service's notice of a bounce, in JSON.",
    "complaint-notice": "It is a sending service's notice of a complaint, in JSON.",
    "list-refusal": "The program of a list says that it did not take the mail.",
    "challenge": "It asks its reader to prove to be a person before the mail is delivered.",
    "auto-submitted": "Auto-Submitted says anything but `no` (RFC 3834).",
    "vendor-header": "It has a header field that only automatic mail has, and none of a list.",
    "list-header": "It has a header field of a mailing list (RFC 2369, RFC 2919), or a host of lists sent it.",
    "automatic-subject": "Its subject is that of an automatic reply; soft: `Auto-Submitted: no` overrules it.",
    "automatic-body": "It opens as a note of absence and has a second sign; a person's mail program overrules it.",
    "null-sender": "It came over SMTP from nobody, as only notifications may (RFC 5321 4.5.5).",
    "no-sign-of-a-machine": "None of the above: a person wrote it.",
}
