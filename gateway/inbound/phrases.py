"""The words by which mail programs mark quotes, signatures and forwards, in the languages that we have seen.

Tables only; one line per language where it helps.  `reply.py` compiles and reads them.  All in lower case.
"""

# The end of an attribution: "On <date>, <name> wrote:".
WROTE = (
    "wrote|writes|said|sent",
    "schrieb|schrieben|geschrieben",
    "a écrit|écrit",
    "escribió|escribio",
    "ha scritto|scrive",
    "escreveu",
    "schreef|het volgende geschreven",
    "napisał|napisała|napisał(a)",
    "napsal|napsal(a)|napísal",
    "написал|написал(а)|написала|пишет|писал|написав|написала(-в)",
    "skrev",
    "kirjoitti",
    "yazdı|şunu yazdı",
    "írta",
    "a scris",
    "έγραψε",
    "đã viết",
    "כתב|כתב/ה|كتب",
    "写道|寫道|のメール|のメッセージ|書きました|님이 작성|작성",
)

# How a line begins that may be an attribution (followed by a date or a name).
ATTRIBUTION_STARTS = (
    "on|at|in a message",
    "am|den",
    "le",
    "el",
    "il|in data|il giorno",
    "em|a",
    "op",
    "dnia|w dniu",
    "dne",
    "på|kl|den",
    "mon|tue|wed|thu|fri|sat|sun|monday|tuesday|wednesday|thursday|friday|saturday|sunday",
    "пн|вт|ср|чт|пт|сб|вс|в|от",
    "vào|在|于|於",
)

# Titles of the line of dashes above an original or forwarded message.
ORIGINAL_MESSAGE = (
    "original message|original-message|forwarded message|forwarded by|reply message|original email",
    "originalnachricht|ursprüngliche nachricht|original-nachricht|weitergeleitete nachricht",
    "message d'origine|message original|message transféré",
    "mensaje original|mensaje reenviado",
    "mensagem original|mensagem encaminhada",
    "messaggio originale|messaggio inoltrato",
    "oorspronkelijk bericht|doorgestuurd bericht",
    "originalmeddelande|ursprungligt meddelande|vidarebefordrat meddelande",
    "oprindelig besked|oprindelig meddelelse|opprinnelig melding|videresendt meddelelse|original meddelelse",
    "alkuperäinen viesti|oryginalna wiadomość|wiadomość oryginalna|wiadomość przekazana|původní zpráva",
    "исходное сообщение|пересылаемое сообщение|оригинальное сообщение",
    "orijinal mesaj|eredeti üzenet|mesajul original",
    "原始邮件|原始郵件|转发邮件|轉寄郵件|元のメッセージ|転送メッセージ|원본 메시지",
)

# Lines that begin a forward without any dashes.
FORWARD_STARTS = (
    "begin forwarded message|forwarded message",
    "anfang der weitergeleiteten nachricht|anfang der weitergeleiteten e-mail",
    "début du message réexpédié|début du message transféré",
    "inicio del mensaje reenviado|inizio messaggio inoltrato|begin doorgestuurd bericht",
)

# Requests of help desks to answer above a line.
REPLY_ABOVE = ("reply above this line|please reply above|type your reply above|respond above this line",)

# Names of the header lines that mail programs copy above a quoted message.
FROM_NAMES = (
    "from|date|sent",
    "von|de|da|van|från|fra|lähettäjä|od|от|від|kimden|feladó|发件人|寄件者|差出人|보낸 사람|expéditeur|mittente",
)
OTHER_HEADER_NAMES = (
    "sent|date|to|cc|subject|reply-to|importance",
    "gesendet|datum|an|betreff|kopie",
    "envoyé|envoyé le|à|objet|copie à",
    "enviado|enviado el|enviada em|para|asunto|assunto|data|fecha",
    "inviato|a|oggetto",
    "verzonden|aan|onderwerp",
    "skickat|till|ämne|sendt|til|emne",
    "lähetetty|vastaanottaja|aihe|wysłano|do|temat|odesláno|komu|předmět",
    "отправлено|дата|кому|тема|копия",
    "gönderilen|kime|konu|elküldve|címzett|tárgy",
    "发送时间|收件人|主题|抄送|日期|寄件日期|收件者|主旨|送信日時|宛先|件名|보낸 날짜|받는 사람|제목",
)

# How the line begins that a telephone or a mail service adds.
MOBILE_SIGNATURES = (
    "sent from |sent via |sent using |sent with |get outlook for |sent by ",
    "von meinem |gesendet mit |gesendet von |gesendet aus |gesendet über |diese nachricht wurde von meinem ",
    "envoyé de |envoyé depuis |envoyé à partir de |télécharger outlook |obtenir outlook ",
    "enviado desde |enviado do |enviado a partir |enviado de ",
    "inviato da |inviato dal ",
    "verzonden vanaf |verzonden met |verstuurd vanaf ",
    "skickat från |sendt fra |lähetetty |wysłano z |wysłane z |odesláno z ",
    "отправлено с |отправлено из |отправлено от |надіслано з ",
    "iphone'umdan gönderildi|發自我的|发自我的|iphoneから送信|나의 iphone에서 보냄",
)
