"""Phrases by which people and machines tell what a message is, in the languages we know; no single one decides."""

import re

# Where the returned message begins, so that its own words are not taken for the report's.
ORIGINAL = re.compile(
    "|".join(
        [
            r"^(?:[ >]*[-_=*]{2,}[ \w,:'.()]*(?:original|copy of|returned|undelivered|unsent|forwarded|below|headers?)\b.*",
            r".{0,80}\b(?:copy of (?:the|your|my) (?:original )?(?:message|mail|header)",
            r"original message (?:follows|is included|headers?|is below)",
            r"headers? (?:of the original message )?follow",
            r"message headers? (?:follow|is|are)",
            r"your (?:original )?(?:e-?mail|message) (?:follows|is attached)",
            r"text of your message",
            r"full message follows)\b.*",
            r"(?:received|return-path|dkim-signature|x-received): .*)$",
        ]
    ),
    re.IGNORECASE | re.MULTILINE,
)
# The subject of what came back, as reports quote it: it may speak of anything.
SUBJECT = re.compile(
    r"^[ \t>*\xa0]*(?:subject|betreff|objet|asunto|assunto|oggetto|onderwerp|temat|тема|主题|主旨|件名)"
    r"[ \t\xa0]*(?:is)?[:：].{0,500}(?:\n[ \t]{4,}(?![\w-]{1,15}:).{0,200})?"
    r"|\b(?:with (?:the )?subject|message (?:about|entitled|titled)|entitled)[ :]{1,3}"
    r"(?:[\"“«'].{1,300}?[\"”»']|.{1,300}? (?=sent on\b))",
    re.IGNORECASE | re.MULTILINE,
)
UNDELIVERED = re.compile(
    r"(?:not|n.t|un)[ -]?(?:be )?(?:delivered|deliverable|sent|reach)"
    r"|unzustell|nicht .{0,60}zu(?:ge|zu)stell|(?:non|pas) .{0,40}(?:remis|distribu|d[eé]livr|recapit|consegn)"
    r"|n.a pas pu [eê]tre"
    r"|votre message .{0,60}refus|mancat[ao] (?:recapito|consegna)|no (?:se )?(?:ha )?(?:pud?o|podido"
    r"|puede) .{0,20}(?:entreg|enviar)"
    r"|error en la entrega|n[aã]o (?:foi|p[oô]de) .{0,20}entreg|falha na entrega|niet .{0,20}(?:bezorg|afgelever)"
    r"|nie mo[zż]na .{0,20}dostarcz|nie (?:zosta[lł]a )?dostarczon|kunde inte levereras|kunne ikke leveres|nedoru[cč]"
    r"|не (?:может быть |удалось |было |была )?.{0,20}достав|недоставл|не может быть отправлен|退信|退回"
    r"|未能投递|无法(?:送达|投递|将邮件)|配信(?:できま|不能|に失敗)"
    r"|반송|전송 실패|was (?:blocked|stopped) by|delivery of the e?-?mail was stopped|virus .{0,20}in (?:your )?mail"
    r"|(?:delivery|mail|message).{0,30}(?:fail|abort|return|unable|reject|error)"
    r"|undeliver|did not reach|returned mail|failure notice",
    re.IGNORECASE,
)
# How a report's subject begins, or ends, around the subject of what came back.
RETURNED = re.compile(
    r"^(?:undeliver|un(?:delivered|sent)\b|non-?delivery|returned mail|mail (?:system error|delivery|could not)"
    r"|message (?:undeliver|not delivered|delivery)"
    r"|delivery (?:status notification|failure|has failed|notification|problem)"
    r"|failure (?:notice|delivery)|failed (?:mail|delivery)|unzustellbar"
    r"|permanent delivery fail|mail undeliver|non remis|no se puede entregar"
    r"|n[aã]o [eé] poss[ií]vel entregar|impossibile recapitare|onbestelbaar)"
    r"|: (?:non remis|non-delivery)\b|\(delivery failed\)$",
    re.IGNORECASE,
)
DELAYED = re.compile(
    r"not yet been delivered|has been delayed|is delayed|will (?:keep|continue) trying|still being|warning|\bdelay\b"
    r"|temporary problem|(?:we.ll|will) (?:re)?try|delivery incomplete|attempts (?:will continue|go on)",
    re.IGNORECASE,
)
ANSWERS = re.compile(
    r"\bauto(?:matic|mated)?[ -]?(?:reply|response|answer|svar|svr)|out of (?:the )?office|vacation|away from|on holiday"
    r"|abwesen|automatis\w+ (?:antwo|svar)|r[eé]ponse automatique|absence du bureau|respuesta autom|fuera de (?:la )?oficina"
    r"|resposta autom|fora do escrit|risposta automatica|fuori (?:sede|ufficio)|automatisch antwoord|afwezig"
    r"|odpowied. automatyczna|autoodpowied|автоматический ответ|автоответ|自動応答|自動返信|不在通知|自动回复"
    r"|自動回覆|자동 ?(?:응답|회신)|부재"
    r"|confirm your (?:message|e-?mail)|awaits? (?:moderator )?approval|^(?:\[ticket|confirm [0-9a-f]{6,})"
    r"|memberships? reminder|report[- ]domain:",
    re.IGNORECASE,
)
CHALLENGES = re.compile(
    r"\b(?:guest|approved[ -]senders?|allowed[ -]senders?) list\b|\bpre-?approved sender|sender .{0,10}not pre-?approved"
    r"|challenge[/ -]response"
    r"|(?:verify|confirm|prove) (?:that )?you(?:r message)? (?:are|is|come).{0,20}(?:person|human|machine|robot|spam)"
    r"|has been waitlisted",
    re.IGNORECASE,
)
ANSWERING = re.compile(r"(?:re|auto|aw|sv|antw|odp|rif|res|vs|ynt|回复|答复|返信)\s*[:：]", re.IGNORECASE)
DAEMON = re.compile(
    r"mailer.?daemon|\bm?daemon@|\bndr@|postmaster|post_master|mail.?delivery|sub-?system|administrator|<>\s*$", re.IGNORECASE
)
LEFT = re.compile(
    r"no longer (?:works?|with|employed|at|part of)|(?:has|have) left (?:the|our|us|\w+\b)|not monitored any"
    r"|retired|passed away"
    r"|nicht mehr (?:f[uü]r|bei|im|in unser)|ausgeschieden|ne (?:travaille|fait) plus|a quitt[eé]|ya no (?:trabaja|forma)"
    r"|n[aã]o (?:trabalha|faz parte) mais|non lavora pi[uù]|werkt niet (?:meer|langer)|nie pracuje"
    r"|больше не работает|已离职|退職",
    re.IGNORECASE,
)
