"""The words by which mail programs and people mark quotes, signatures and forwards, in the languages that we know.

Tables only, by language (ISO 639-1), so that a page of the documents can be drawn from them; `marks.py` and
`signature.py` compile them.  All in lower case; `|` stands between words.
"""

Words = dict[str, str]

# The verb of an attribution: "On <date>, <name> wrote:", "Am <date> schrieb <name>:".
WROTE: Words = {
    "en": "wrote|writes|said|sent|has written",
    "de": "schrieb|schrieben|geschrieben|schreibt",
    "fr": "a écrit|écrit|a ecrit|écrivait",
    "es": "escribió|escribio|ha escrito",
    "it": "ha scritto|scrive|scrisse|a scritto",
    "pt": "escreveu|escrito",
    "nl": "schreef|het volgende geschreven|heeft geschreven|het volgende",
    "pl": "napisał|napisała|napisał(a)|napisała(a)|pisze",
    "cs": "napsal|napsala|napsal(a)|napsal/a",
    "sk": "napísal|napísala|napísal(a)",
    "ru": "написал|написала|написал(а)|пишет|писал|писала|пишете",
    "uk": "написав|написала|написав(-ла)|пише|писав",
    "bg": "написа|пише",
    "sr": "je napisao|je napisala|je napisao/la|napisao je|је написао",
    "hr": "je napisao|je napisala|piše",
    "sl": "je napisal|je napisala|je oseba",
    "sv": "skrev|skrev följande",
    "da": "skrev|skrev følgende",
    "no": "skrev|skreiv",
    "fi": "kirjoitti",
    "et": "kirjutas",
    "lv": "rakstīja",
    "lt": "rašė|parašė",
    "hu": "írta|ezt írta|ezt írta (időpont",
    "ro": "a scris|a scris următoarele",
    "tr": "yazdı|şunu yazdı|şunları yazdı|tarihinde şunu yazdı",
    "el": "έγραψε",
    "vi": "đã viết",
    "id": "menulis|menulis:",
    "he": "כתב|כתבה|כתב/ה",
    "ar": "كتب|كتبت",
    "fa": "نوشت",
    "ca": "va escriure|ha escrit",
    "zh": "写道|寫道|写到|寫到",
    "ja": "のメール|のメッセージ|書きました|さんは書きました|wrote",
    "ko": "님이 작성|작성|님이 쓴|썼습니다",
    "th": "เขียนว่า",
}

# How a line begins that may be an attribution (followed by a date or a name).
ATTRIBUTION_STARTS: Words = {
    "en": "on|at|in a message|quoting|in article|mon|tue|wed|thu|fri|sat|sun"
    "|monday|tuesday|wednesday|thursday|friday|saturday|sunday",
    "de": "am|zitat von|mo|di|mi|do|fr|sa|so",
    "fr": "le|citation de|selon|lun|mar|mer|jeu|ven|sam|dim",
    "es": "el|citando a|mensaje citado por",
    "it": "il|in data|il giorno|quoting",
    "pt": "em|a|no dia|citando",
    "nl": "op",
    "pl": "dnia|w dniu|pon|wt|śr|czw|pt|sob|niedz",
    "cs": "dne|po|út|st|čt|pá|ne",
    "sk": "dňa",
    "ru": "пн|вт|ср|чт|пт|сб|вс|в|от|цитирую",
    "uk": "нд|пн",
    "bg": "на",
    "hr": "dana|u",
    "sv": "den|på|mån|tis|ons|tors|fre|lör|sön",
    "da": "den|man|tirs|lør|søn",
    "no": "kl|tir|lør",
    "fi": "ma|ti|ke|to|pe|la|su",
    "ro": "pe|în data de",
    "tr": "tarihinde",
    "el": "στις|την",
    "vi": "vào",
    "id": "pada",
    "he": "בתאריך|ב-",
    "ar": "في",
    "zh": "在|于|於",
}

# Titles of the line of dashes above an original or forwarded message.
ORIGINAL_MESSAGE: Words = {
    "en": "original message|original-message|forwarded message|forwarded by|reply message|original email|original mail"
    "|forwarded mail|original appointment|forwarded letter|forwarded e-mail|message from|start of forwarded message",
    "de": "originalnachricht|ursprüngliche nachricht|original-nachricht|weitergeleitete nachricht|ursprüngliche mail"
    "|weitergeleitet von|original-mail|originalmail|originaltermin|ursprüngliche e-mail|original nachricht",
    "fr": "message d'origine|message d’origine|message original|message transféré|message initial|transféré par"
    "|message réexpédié|courriel original",
    "es": "mensaje original|mensaje reenviado|reenviado por",
    "it": "messaggio originale|messaggio inoltrato|inoltrato da",
    "pt": "mensagem original|mensagem encaminhada|mensagem reencaminhada|encaminhado por",
    "nl": "oorspronkelijk bericht|doorgestuurd bericht|originele bericht|origineel bericht|oorspronkelijke bericht",
    "pl": "oryginalna wiadomość|wiadomość oryginalna|wiadomość przekazana|wiadomość pierwotna|przekazana wiadomość",
    "cs": "původní zpráva|přeposlaná zpráva|původní e-mail",
    "sk": "pôvodná správa|preposlaná správa|originálna správa",
    "ru": "исходное сообщение|пересылаемое сообщение|оригинальное сообщение|пересланное сообщение|исходное письмо"
    "|пересылаемое письмо|конец пересылаемого сообщения",
    "uk": "оригінальне повідомлення|переслане повідомлення|початкове повідомлення|вихідне повідомлення",
    "sv": "originalmeddelande|ursprungligt meddelande|vidarebefordrat meddelande|ursprungligt mejl",
    "da": "oprindelig besked|oprindelig meddelelse|videresendt besked|original besked|original meddelelse"
    "|oprindelig mail",
    "no": "opprinnelig melding|videresendt melding|original melding|videresendt meddelelse",
    "fi": "alkuperäinen viesti|välitetty viesti|edelleenlähetetty viesti",
    "hu": "eredeti üzenet|továbbított üzenet|eredeti levél|továbbított levél",
    "ro": "mesajul original|mesaj original|mesaj redirecționat|mesaj transmis mai departe",
    "tr": "orijinal mesaj|özgün ileti|iletilen ileti|yönlendirilen mesaj|özgün mesaj|iletilmiş mesaj",
    "hr": "izvorna poruka|proslijeđena poruka|originalna poruka",
    "el": "αρχικό μήνυμα|προωθημένο μήνυμα",
    "bg": "оригинално съобщение|препратено съобщение",
    "vi": "thư gốc|tin nhắn gốc|thư được chuyển tiếp|tin nhắn đã chuyển tiếp",
    "zh": "原始邮件|原始郵件|转发邮件|轉寄郵件|原始信息|原邮件|转发的邮件|邮件原件|轉寄訊息|转发邮件信息",
    "ja": "元のメッセージ|転送メッセージ|転送されたメッセージ|オリジナルメッセージ|元のメール|forwarded message",
    "ko": "원본 메시지|원본 메일|전달된 메시지|원본메시지|전달된 메일",
    "he": "הודעה מקורית|הודעה שהועברה",
    "ar": "الرسالة الأصلية|رسالة أصلية|رسالة معاد توجيهها",
}

# Lines that begin a forward without any dashes.
FORWARD_STARTS: Words = {
    "en": "begin forwarded message|forwarded message|original message",
    "de": "anfang der weitergeleiteten nachricht|anfang der weitergeleiteten e-mail"
    "|beginn der weitergeleiteten nachricht",
    "fr": "début du message réexpédié|début du message transféré",
    "es": "inicio del mensaje reenviado|principio del mensaje reenviado",
    "it": "inizio messaggio inoltrato|inizio del messaggio inoltrato",
    "pt": "início da mensagem encaminhada|início da mensagem reencaminhada",
    "nl": "begin doorgestuurd bericht|begin van doorgestuurd bericht",
    "pl": "początek przekazywanej wiadomości|początek przekazanej wiadomości",
    "cs": "začátek přeposílané zprávy|začátek přeposlané zprávy",
    "ru": "начало переадресованного сообщения|начало пересылаемого сообщения",
    "sv": "vidarebefordrat mejl|vidarebefordrat brev",
    "da": "start på videresendt besked|videresendt besked",
    "no": "videresendt melding|begynnelse på videresendt melding",
    "fi": "välitetty viesti alkaa|alkaa välitetty viesti",
    "hu": "továbbított levél kezdete|a továbbított üzenet kezdete",
    "tr": "iletilen ileti başlangıcı|i̇letilen ileti başlangıcı",
    "zh": "下面是被转发的邮件|以下是轉寄的郵件|開始轉寄郵件",
    "ja": "転送されたメッセージ|以下、転送メッセージ",
    "ko": "전달된 메시지 시작|시작 전달된 메시지",
}

# Requests of help desks to answer above a line.
REPLY_ABOVE: Words = {
    "en": "reply above this line|please reply above|type your reply above|respond above this line"
    "|please type your reply above this line|write above this line|reply above the line",
    "de": "bitte antworten sie oberhalb dieser linie|antworten sie oberhalb dieser zeile"
    "|bitte antworten sie über dieser zeile|bitte geben sie ihre antwort oberhalb dieser zeile ein",
    "fr": "répondre au-dessus de cette ligne|veuillez répondre au-dessus de cette ligne",
    "es": "responda por encima de esta línea|escriba su respuesta por encima de esta línea",
    "pt": "responda acima desta linha|por favor, responda acima desta linha",
    "it": "rispondi sopra questa riga|rispondere sopra questa riga",
    "nl": "antwoord boven deze regel|typ uw antwoord boven deze regel",
}

# Names of the header lines that mail programs copy above a quoted message: the first of them, then all others.
FROM_NAMES: Words = {
    "en": "from|date|sent|sent by",
    "de": "von|datum",
    "fr": "de|expéditeur|message du|date",
    "es": "de|desde|remitente|fecha",
    "it": "da|mittente",
    "pt": "de|remetente",
    "nl": "van|afzender",
    "pl": "od|nadawca",
    "cs": "od|odesílatel",
    "sk": "od|odosielateľ",
    "ru": "от|отправитель|от кого",
    "uk": "від|відправник",
    "bg": "от|изпратено от",
    "hr": "od|šalje|pošiljatelj",
    "sl": "od|pošiljatelj",
    "sv": "från",
    "da": "fra|afsender",
    "no": "fra|avsender",
    "fi": "lähettäjä",
    "et": "saatja",
    "lt": "nuo|siuntėjas",
    "lv": "no",
    "hu": "feladó|küldő",
    "ro": "de la|expeditor",
    "tr": "kimden|gönderen",
    "el": "από|αποστολέας",
    "vi": "từ|người gửi",
    "id": "dari",
    "he": "מאת",
    "ar": "من",
    "ca": "de",
    "zh": "发件人|寄件者|寄件人|發件人",
    "ja": "差出人|送信者|from",
    "ko": "보낸 사람|보낸사람|발신",
}
OTHER_HEADER_NAMES: Words = {
    "en": "sent|date|to|cc|bcc|subject|reply-to|importance|attachments|sent by|priority|when|where|envoyé",
    "de": "gesendet|datum|an|betreff|kopie|antwort an|anlagen|gesendet am|wichtigkeit|cc|priorität",
    "fr": "envoyé|envoyé le|à|a|objet|copie à|copie|cc|date|pièces jointes|sujet|répondre à|date d'envoi",
    "es": "enviado|enviado el|para|asunto|fecha|cc|cco|responder a|enviado por|importancia|datos adjuntos",
    "it": "inviato|inviato il|a|oggetto|data|cc|rispondi a|inviata",
    "pt": "enviado|enviada em|enviada|para|assunto|data|cc|enviado em",
    "nl": "verzonden|aan|onderwerp|datum|cc|verstuurd|antwoord aan",
    "pl": "wysłano|do|temat|data|dw|udw|wysłane",
    "cs": "odesláno|komu|předmět|datum|kopie",
    "sk": "odoslané|komu|predmet|dátum|kópia",
    "ru": "отправлено|дата|кому|тема|копия|отправлен",
    "uk": "надіслано|дата|кому|тема|копія",
    "bg": "изпратено|дата|до|относно|тема|копие",
    "hr": "poslano|datum|prima|za|predmet|naslov|kome",
    "sl": "poslano|za|zadeva|datum|kp",
    "sv": "skickat|till|ämne|datum|kopia",
    "da": "sendt|til|emne|dato|cc",
    "no": "sendt|til|emne|dato|kopi",
    "fi": "lähetetty|vastaanottaja|aihe|päivämäärä|kopio|päiväys",
    "et": "saadetud|saaja|teema|kuupäev",
    "lt": "išsiųsta|kam|tema|data",
    "lv": "nosūtīts|kam|tēma|datums",
    "hu": "elküldve|címzett|tárgy|dátum|küldve|másolatot kap",
    "ro": "trimis|către|subiect|data|la",
    "tr": "gönderilen|gönderildi|kime|konu|tarih|bilgi|gönderme tarihi",
    "el": "στάλθηκε|προς|θέμα|ημερομηνία|κοιν",
    "vi": "đã gửi|đến|tới|chủ đề|ngày|gửi",
    "id": "terkirim|dikirim|kepada|ke|subjek|perihal|tanggal",
    "he": "נשלח|אל|נושא|תאריך|עותק",
    "ar": "إلى|الموضوع|التاريخ|تم الإرسال|نسخة",
    "ca": "enviat|per a|assumpte|data",
    "zh": "发送时间|收件人|主题|抄送|日期|寄件日期|收件者|主旨|副本|傳送時間|发送日期|发件日期|主 题|發送時間|主題",
    "ja": "送信日時|宛先|件名|日時|日付|送信日|cc",
    "ko": "보낸 날짜|받는 사람|제목|날짜|보낸날짜|받는사람|참조",
}

# How the line begins that a telephone or a mail service adds.
MOBILE_SIGNATURES: Words = {
    "en": "sent from |sent via |sent using |sent with |get outlook for |sent by |sent on the go|sent through "
    "|from my iphone|from my ipad|from my mobile|from my blackberry|from my android|via mobile|typed on my "
    "|get bluemail"
    "|written on my |please excuse |yahoo mail: search, organize",
    "de": "von meinem |von meiner |gesendet mit |gesendet von |gesendet aus |gesendet über |gesendet vom "
    "|diese nachricht wurde von meinem |diese nachricht wurde mit |holen sie sich outlook|outlook für |mobil gesendet"
    "|unterwegs gesendet",
    "fr": "envoyé de |envoyé depuis |envoyé à partir de |télécharger outlook |obtenir outlook |envoyé avec |envoyé par "
    "|provenance : |envoyé via |obtenez outlook |envoyé d'",
    "es": "enviado desde |enviado con |enviado de |obtener outlook |enviado mediante |enviado por |obtén outlook ",
    "pt": "enviado do |enviado a partir |enviado pelo |enviado via |obter o outlook |enviada do |baixar o outlook ",
    "it": "inviato da |inviato dal |inviato con |scarica outlook |ottieni outlook |inviato tramite ",
    "nl": "verzonden vanaf |verzonden met |verstuurd vanaf |outlook voor |verzonden via |verzonden van "
    "|download outlook ",
    "pl": "wysłano z |wysłane z |wysłano za |pobierz outlook |uzyskaj outlook |wysłane przez ",
    "cs": "odesláno z |odesláno ze |odesláno přes |získat outlook |stáhnout outlook ",
    "sk": "odoslané z |odoslané zo |získať outlook ",
    "ru": "отправлено с |отправлено из |отправлено от |отправлено через |отправлено со |послано из ",
    "uk": "надіслано з |надіслано із |відправлено з |відправлено з ",
    "bg": "изпратено от |изпратено с |изпратено чрез ",
    "hr": "poslano s |poslano sa |poslano iz |poslato sa ",
    "sv": "skickat från |skickat med |skickat via |hämta outlook |skaffa outlook ",
    "da": "sendt fra |sendt med |hent outlook |sendt via |få outlook ",
    "no": "sendt fra |sendt med |last ned outlook |sendt via |få outlook ",
    "fi": "lähetetty |hanki outlook |lataa outlook ",
    "et": "saadetud minu ",
    "hu": "küldve az |küldve a |elküldve |iphone-omról küldve|az iphone-omról küldve",
    "ro": "trimis de pe |trimis din |trimis cu ",
    "tr": "iphone'umdan gönderildi|ipad'imden gönderildi|iphone’umdan gönderildi|android cihazımdan gönderildi"
    "|android için outlook|ios için outlook|samsung cihazımdan gönderildi",
    "el": "στάλθηκε από |αποστολή από |εστάλη από ",
    "vi": "đã gửi từ |gửi từ |được gửi từ ",
    "id": "dikirim dari |terkirim dari ",
    "he": "נשלח מה|נשלח מ",
    "ar": "أرسلت من |مرسل من |تم الإرسال من |أُرسلت من ",
    "ca": "enviat des de |enviat des del ",
    "zh": "發自我的|发自我的|从我的|發送自|发送自|來自我的|来自我的|获取 outlook|取得 outlook|發自 |发自 ",
    "ja": "iphoneから送信|ipadから送信|私のiphoneから|iphone から送信|outlook for |android 版 outlook|ios 版 outlook"
    "|スマートフォンから送信",
    "ko": "나의 iphone에서 보냄|iphone에서 보냄|나의 ipad에서 보냄|갤럭시에서 보냄|내 iphone에서 보냄|모바일에서 보냄",
    "th": "ส่งจาก ",
}

# A line that closes a letter; what stands below it are a name and an address.
VALEDICTIONS: Words = {
    "en": "regards|best regards|kind regards|warm regards|warmest regards|with kind regards|with best regards"
    "|many regards"
    "|sincerely|yours sincerely|sincerely yours|yours faithfully|yours truly|respectfully|cordially|best wishes"
    "|all the best"
    "|kindest regards|with regards|rgds|best|cheers|br|kr|thanks|thank you|many thanks|thanks and regards"
    "|thanks & regards"
    "|thanks in advance|thank you in advance|best regards and thanks|thanks a lot|thx|take care|yours|with thanks"
    "|thank you very much|thanks very much|thanks so much|thank you and best regards|thanks again|talk soon|ciao",
    "de": "mit freundlichen grüßen|mit freundlichen grüssen|mit freundlichem gruß|mit freundlichem gruss"
    "|freundliche grüße"
    "|freundliche grüsse|viele grüße|viele grüsse|beste grüße|beste grüsse|liebe grüße|liebe grüsse|herzliche grüße"
    "|herzliche grüsse|mfg|lg|vg|bg|gruß|gruss|grüße|grüsse|schöne grüße|mit besten grüßen|hochachtungsvoll|vielen dank"
    "|danke|besten dank|mit herzlichen grüßen|freundlicher gruß|freundlichen gruß|viele liebe grüße|mit vielen grüßen"
    "|danke und gruß|mit freundlichen gruessen|viele gruesse|schöne grüsse|vielen dank und viele grüße",
    "fr": "cordialement|bien cordialement|très cordialement|bien à vous|sincèrement|salutations|meilleures salutations"
    "|salutations distinguées|amicalement|cdt|cdlt|bonne journée|bonne réception|merci|merci d'avance|merci beaucoup"
    "|bien à toi|avec mes salutations|respectueusement|sincères salutations|merci et bonne journée|à bientôt",
    "es": "saludos|un saludo|saludos cordiales|atentamente|cordialmente|muchas gracias|gracias|un cordial saludo"
    "|atte|reciba un cordial saludo|saludos atentos|un abrazo|cordiales saludos|quedo atento|quedo atenta"
    "|muy atentamente"
    "|gracias y saludos|gracias de antemano",
    "pt": "atenciosamente|cumprimentos|melhores cumprimentos|com os melhores cumprimentos|obrigado|obrigada|abraços"
    "|abraço"
    "|cordialmente|att|saudações|muito obrigado|muito obrigada|abs|atentamente|com os meus cumprimentos"
    "|desde já agradeço",
    "it": "cordiali saluti|distinti saluti|saluti|un saluto|cordialmente|grazie|grazie mille|a presto"
    "|un cordiale saluto"
    "|i migliori saluti|buona giornata|tanti saluti|grazie e saluti|in attesa porgo cordiali saluti|molte grazie",
    "nl": "met vriendelijke groet|met vriendelijke groeten|vriendelijke groet|vriendelijke groeten|groeten|groet|mvg"
    "|hartelijke groet|hartelijke groeten|met hartelijke groet|bedankt|dank je|alvast bedankt|hoogachtend|gr|groetjes"
    "|dank u wel|met groet|beste groeten",
    "pl": "pozdrawiam|pozdrawiam serdecznie|z poważaniem|z powazaniem|serdecznie pozdrawiam|z wyrazami szacunku"
    "|dziękuję"
    "|dzięki|z pozdrowieniami|pozdrowienia|łączę pozdrowienia|dziękuję i pozdrawiam",
    "cs": "s pozdravem|s přátelským pozdravem|s úctou|děkuji|díky|hezký den|srdečně|zdravím|se srdečným pozdravem",
    "sk": "s pozdravom|s úctou|ďakujem|pekný deň|s priateľským pozdravom|vďaka",
    "ru": "с уважением|с наилучшими пожеланиями|спасибо|всего доброго|всего хорошего|заранее спасибо|искренне ваш"
    "|с уважением и наилучшими пожеланиями|с благодарностью|большое спасибо|благодарю",
    "uk": "з повагою|з найкращими побажаннями|дякую|щиро дякую|усього найкращого|наперед дякую",
    "bg": "с уважение|поздрави|благодаря|сърдечни поздрави",
    "hr": "srdačan pozdrav|lijep pozdrav|pozdrav|s poštovanjem|lp|hvala|srdačno",
    "sl": "lep pozdrav|s spoštovanjem|lp|hvala",
    "sv": "med vänliga hälsningar|vänliga hälsningar|med vänlig hälsning|vänlig hälsning|hälsningar|mvh|tack"
    "|bästa hälsningar"
    "|tack på förhand|bästa hälsning|med hälsning|tack så mycket|hälsar",
    "da": "med venlig hilsen|venlig hilsen|venlige hilsner|med venlige hilsner|mvh|hilsen|de bedste hilsner"
    "|bedste hilsner"
    "|kh|tak|på forhånd tak|mange hilsner|kærlig hilsen|vh|vores bedste hilsner|bedste hilsen",
    "no": "med vennlig hilsen|vennlig hilsen|beste hilsen|mvh|hilsen|med hilsen|takk|på forhånd takk|mange hilsener"
    "|med vennleg helsing|vennlige hilsener",
    "fi": "ystävällisin terveisin|terveisin|parhain terveisin|kiitos|kiittäen|yt|t|terv|kiitoksin|ystävällisesti",
    "et": "lugupidamisega|parimate soovidega|tervitades|aitäh|tervitustega",
    "lt": "pagarbiai|ačiū|su pagarba|geriausi linkėjimai",
    "lv": "ar cieņu|paldies|labu vēlējot",
    "hu": "üdvözlettel|tisztelettel|köszönettel|üdv|köszönöm|szívélyes üdvözlettel|előre is köszönöm"
    "|baráti üdvözlettel",
    "ro": "cu stimă|cu respect|mulțumesc|toate cele bune|cu considerație|o zi bună|salutări|mulțumesc anticipat"
    "|mulţumesc",
    "tr": "saygılarımla|iyi çalışmalar|teşekkürler|saygılar|iyi günler|teşekkür ederim|selamlar|sevgiler"
    "|en iyi dileklerimle",
    "el": "με εκτίμηση|με τιμή|ευχαριστώ|φιλικά|με φιλικούς χαιρετισμούς|χαιρετισμούς",
    "vi": "trân trọng|kính thư|thân mến|xin cảm ơn|cảm ơn|trân trọng cảm ơn",
    "id": "salam|hormat saya|terima kasih|salam hormat",
    "he": "בברכה|תודה|בכבוד רב|תודה רבה|בברכה ותודה",
    "ar": "مع التحية|مع أطيب التحيات|شكرا|تحياتي|وتفضلوا بقبول فائق الاحترام|شكراً|مع خالص التحية",
    "ca": "salutacions|atentament|gràcies|salutacions cordials",
    "zh": "此致|祝好|谢谢|謝謝|顺颂商祺|敬上|此致敬礼|順頌商祺|祝商祺|敬祝",
    "ja": "よろしくお願いします|よろしくお願いいたします|敬具|以上|宜しくお願い致します|よろしくお願い致します",
    "ko": "감사합니다|드림|안녕히 계세요|수고하세요|감사드립니다",
}
# Of these the ones that thank: alone on the last line they are content, and never a signature with a name behind them.
THANKS = (
    "thanks|thank you|many thanks|danke|vielen dank|merci|gracias|obrigado|obrigada|grazie|bedankt|tack|tak|takk|kiitos"
    "|спасибо|дякую|dziękuję|děkuji|mulțumesc|teşekkürler|谢谢|謝謝|감사합니다|best|yours|t|a|以上"
)

# What lawyers add below a mail; sought only in paragraphs behind the first one.
DISCLAIMERS: Words = {
    "en": "confidentiality notice|confidentiality note|this email and any attachments|this e-mail and any attachments"
    "|this email and any files|this e-mail and any files|the information contained in this e"
    "|this message and any attach"
    "|this e-mail is confidential|this email is confidential|this message contains confidential|disclaimer:|disclaimer "
    "|this communication is confidential|the contents of this e|this e-mail message is intended"
    "|this email message is intended"
    "|this email is intended|this e-mail is intended|this transmission is intended|notice: this e|important notice"
    "|this message is intended|the information in this e|this e-mail may contain|this email may contain|legal notice"
    "|this email (including any attachments)|this e-mail (including any attachments)|this message may contain"
    "|please consider the environment|if you are not the intended recipient|if you have received this e",
    "de": "diese e-mail enthält vertrauliche|diese e-mail kann vertrauliche|diese nachricht enthält vertrauliche"
    "|der inhalt dieser e-mail|diese e-mail ist vertraulich|die information in dieser|diese e-mail und "
    "|vertraulichkeitshinweis"
    "|haftungsausschluss|bitte denken sie an die umwelt|diese mail enthält vertrauliche|hinweis: diese e-mail",
    "fr": "ce message et |ce courriel et |ce message est confidentiel|ce courriel est confidentiel"
    "|avis de confidentialité"
    "|ce message contient|ce courrier électronique|cet e-mail et |pensez à l'environnement"
    "|les informations contenues dans ce",
    "es": "este mensaje y sus|este mensaje y los|este correo electrónico y|aviso de confidencialidad|aviso legal"
    "|la información contenida en este|este mensaje contiene|este correo y sus|este mensaje es confidencial"
    "|este mensaje va",
    "pt": "esta mensagem e |aviso de confidencialidade|esta mensagem contém|as informações contidas nesta"
    "|este e-mail e "
    "|esta mensagem é confidencial|esta mensagem pode conter|aviso legal",
    "it": "questo messaggio e |avviso di riservatezza|le informazioni contenute in quest|questa e-mail e "
    "|questa email e "
    "|il contenuto di questa|ai sensi del|questo messaggio è riservato|questo messaggio di posta",
    "nl": "dit bericht en |deze e-mail en |de informatie in deze|dit e-mailbericht|deze e-mail is|de inhoud van dit"
    "|de informatie verzonden|dit bericht is vertrouwelijk",
    "pl": "ta wiadomość i |niniejsza wiadomość|treść tej wiadomości|wiadomość ta |informacje zawarte w tej",
    "ru": "настоящее сообщение|это сообщение и |данное сообщение|информация, содержащаяся|это электронное сообщение",
    "sv": "detta meddelande och|detta e-postmeddelande|informationen i detta",
    "da": "denne e-mail og|denne mail er|denne e-mail er|denne meddelelse",
    "no": "denne e-posten og|denne meldingen|innholdet i denne",
    "fi": "tämä viesti ja|tämä sähköposti|tämä viesti on",
    "cs": "tato zpráva a|obsah tohoto e-mailu|tento e-mail",
    "hu": "ez az üzenet és|ez az e-mail|a jelen üzenet",
    "tr": "bu e-posta|bu mesaj ve|bu ileti",
    "zh": "本邮件及其附件|本郵件及其附件|此邮件|本邮件",
    "ja": "このメールには|本メール",
    "ko": "본 메일은|이 메일은|본 메일에",
}
