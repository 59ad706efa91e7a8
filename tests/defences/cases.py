"""The defences of SECURITY.md: where each stands, what its absence looks like, and the tests that fail without it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Defence:
    """In `path`, `stands` (found there once) is replaced by `gone`; then one of `tests` (arguments of pytest) has to fail."""

    name: str
    path: str
    stands: str
    gone: str
    tests: str


HEADERS = "digest/headers.py"
SETTINGS = "digest/settings.py"
PAGES = "subscriptions/pages.py"
LIMITS = "subscriptions/limits.py"
TOKENS = "subscriptions/tokens.py"
TOLD = "tests/web/test_told.py"
INJECTION = "tests/messages/test_injection.py"
DOOR = "tests/subscriptions/test_door.py"
AMAZON = "tests/intake/test_notifications.py"


def _directive(policy: str, name: str, stands: str, gone: str) -> Defence:
    return Defence(f"policy of the {policy}: {name}", HEADERS, stands, gone, TOLD)


DEFENCES = (
    # stored scripts
    Defence(
        "XSS: pages escape by name",
        "digest/jinja.py",
        'return name is None or not name.endswith(".txt.jinja")',
        "return False",
        "tests/web/test_defences.py -k feed_says_is_text_on_every_page",
    ),
    Defence(
        "XSS: the door makes text of markup",
        "digest/text/__init__.py",
        "        text = markup.plain(text)\n",
        "        pass\n",
        "tests/text",
    ),
    Defence(
        "XSS: a second lock before messages",
        "digest/messages/inert.py",
        'text = _SPACE.sub(" ", _UNSEEN.sub("", _SURROGATE.sub("\\ufffd", text))).strip()',
        "text = text.strip()",
        "tests/messages/test_untrusted.py",
    ),
    Defence(
        "XSS: links are absolute and http(s)",
        "digest/papers/drafts.py",
        "return absolute(_storable(url))",
        "return _storable(url)",
        "tests/web/test_defences.py -k feed_says",
    ),
    Defence(
        "XSS: links in messages are absolute and http(s)",
        "digest/messages/inert.py",
        'if parts.scheme not in {"http", "https"} or not host',
        "if not host",
        "tests/messages/test_untrusted.py tests/messages/test_text.py",
    ),
    Defence(
        "XSS: the admin escapes what a server said",
        "digest/admin/ledger.py",
        "return f\"{delivery.reply_code or ''} {delivery.reply}\".strip()",
        "from django.utils.safestring import mark_safe\n        return mark_safe(delivery.reply)",
        "tests/web/test_reports.py -k relay_answered",
    ),
    Defence(
        "XSS: the private feed escapes a paper's words",
        "digest/views/issues.py",
        'format_html("<p>{}</p>", paper.abstract) if paper.abstract',
        '__import__("django.utils.safestring").utils.safestring.SafeString(f"<p>{paper.abstract}</p>") if paper.abstract',
        "tests/feedback/test_issues_again.py",
    ),
    Defence(
        "NUL in a feed",
        "digest/papers/drafts.py",
        "dict.fromkeys(map(_storable, entry.categories))",
        "dict.fromkeys(entry.categories)",
        "tests/web/test_defences.py -k feed_says",
    ),
    # what answers tell browsers
    _directive(
        "site",
        "scripts",
        '"script-src": "\'self\'",\n    "img-src": "\'self\'",\n    "connect',
        '"script-src": "\'self\' \'unsafe-inline\'",\n    "img-src": "\'self\'",\n    "connect',
    ),
    _directive("site", "default", '"default-src": "\'none\'"', '"default-src": "\'self\'"'),
    _directive("site", "styles", '"style-src": "\'self\'",\n', "\"style-src\": \"'self' 'unsafe-inline'\",\n"),
    _directive("site", "connections", '    "connect-src": "\'self\'",\n', ""),
    _directive("site", "forms", '    "form-action": "\'self\'",\n', ""),
    _directive("site", "base", '    "base-uri": "\'none\'",\n', ""),
    _directive("site", "frames", '    "frame-ancestors": "\'none\'",\n', ""),
    _directive(
        "admin",
        "scripts",
        "\"script-src\": \"'self' 'unsafe-eval'\"",
        "\"script-src\": \"'self' 'unsafe-eval' 'unsafe-inline'\"",
    ),
    _directive("admin", "begins at /admin/ alone", 'startswith("/admin/")', 'startswith("/")'),
    Defence(
        "policy of an issue in the browser",
        "digest/views/issues.py",
        'response.headers["Content-Security-Policy"] = _MAILED',
        "pass",
        TOLD,
    ),
    Defence("Permissions-Policy", HEADERS, '        response.headers.setdefault("Permissions-Policy", _NEVER)\n', "", TOLD),
    Defence(
        "Strict-Transport-Security",
        SETTINGS,
        'number("HSTS_SECONDS", 31_536_000) if SITE_URL.startswith("https:") else 0',
        "0",
        TOLD,
    ),
    Defence(
        "X-Content-Type-Options", SETTINGS, "SECURE_CONTENT_TYPE_NOSNIFF = True", "SECURE_CONTENT_TYPE_NOSNIFF = False", TOLD
    ),
    Defence("X-Frame-Options", SETTINGS, '    "django.middleware.clickjacking.XFrameOptionsMiddleware",\n', "", TOLD),
    Defence(
        "Cross-Origin-Opener-Policy",
        SETTINGS,
        "SECURE_CONTENT_TYPE_NOSNIFF = True",
        "SECURE_CONTENT_TYPE_NOSNIFF = True\nSECURE_CROSS_ORIGIN_OPENER_POLICY = None",
        TOLD,
    ),
    Defence(
        "Referrer-Policy of the site",
        SETTINGS,
        'SECURE_REFERRER_POLICY = "same-origin"',
        'SECURE_REFERRER_POLICY = "unsafe-url"',
        TOLD,
    ),
    Defence("Referrer-Policy of tokens", PAGES, '        response.headers["Referrer-Policy"] = "no-referrer"\n', "", TOLD),
    Defence("no-store on tokens", PAGES, "        patch_cache_control(response, no_store=True)\n", "", TOLD),
    Defence("noindex on tokens", PAGES, '        response.headers["X-Robots-Tag"] = "noindex"\n', "", TOLD),
    Defence(
        "no-store on issues and feeds", "digest/views/issues.py", "    patch_cache_control(response, no_store=True)\n", "", TOLD
    ),
    Defence(
        "Referrer-Policy of issues and feeds",
        "digest/views/issues.py",
        '    response.headers["Referrer-Policy"] = "no-referrer"\n',
        "",
        TOLD,
    ),
    Defence(
        "cookies of readers: TLS",
        "subscriptions/views.py",
        "secure=request.is_secure() or pages.secure_site()",
        "secure=False",
        TOLD,
    ),
    Defence("cookies of readers: no scripts", "subscriptions/views.py", "httponly=True", "httponly=False", TOLD),
    Defence("cookies of readers: not from other sites", "subscriptions/views.py", 'samesite="Strict"', 'samesite="None"', TOLD),
    Defence(
        "cookies of the admin: TLS",
        SETTINGS,
        'SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SITE_URL.startswith("https:")',
        "SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = False",
        TOLD,
    ),
    Defence(
        "cookies of the admin: no scripts", SETTINGS, "SESSION_COOKIE_HTTPONLY = True", "SESSION_COOKIE_HTTPONLY = False", TOLD
    ),
    # whose links they are
    Defence(
        "Host",
        SETTINGS,
        "ALLOWED_HOSTS = [\n",
        'ALLOWED_HOSTS = [\n    "*",\n',
        "tests/web/test_forwarded.py",
    ),
    Defence(
        "X-Forwarded-Host",
        SETTINGS,
        "SECURE_CONTENT_TYPE_NOSNIFF = True",
        "SECURE_CONTENT_TYPE_NOSNIFF = True\nUSE_X_FORWARDED_HOST = True",
        "tests/web/test_forwarded.py",
    ),
    Defence(
        "X-Forwarded-Host believed, and every host taken",
        SETTINGS,
        "ALLOWED_HOSTS = [\n",
        'USE_X_FORWARDED_HOST = True\nALLOWED_HOSTS = [\n    "*",\n',
        "tests/web/test_forwarded.py -k form_of_another_site",
    ),
    Defence(
        "links of notices come from SITE_URL",
        "digest/notices.py",
        "else settings.SITE_URL + tokens.notice_path(notice)",
        'else "https://" + settings.ALLOWED_HOSTS[-1] + tokens.notice_path(notice)',
        "tests/web/test_forwarded.py",
    ),
    Defence(
        "X-Forwarded-For is believed of counted proxies alone",
        PAGES,
        "    if settings.PROXIES:\n",
        "    if True:\n",
        f"{DOOR} -k proxy",
    ),
    Defence(
        "open redirects: a mailed link",
        "subscriptions/entrance.py",
        'return path if _ONWARD.fullmatch(path) else ""',
        "return path",
        "tests/web/test_defences.py -k mailed_link",
    ),
    Defence(
        "open redirects: the second factor",
        "digest/access/second_factor.py",
        'if wanted.startswith("/admin/") and url_has_allowed_host_and_scheme(wanted, allowed_hosts=None):',
        "if wanted:",
        "tests/access/test_second_factor.py",
    ),
    # lines in headers
    Defence(
        "header injection: a mailbox",
        "digest/messages/addresses.py",
        "if not inert.is_plain(self.name + self.address) or not _SAFE_ADDRESS.fullmatch(self.address):",
        "if False:",
        INJECTION,
    ),
    Defence(
        "header injection: an address's own characters",
        "digest/messages/addresses.py",
        " or not _SAFE_ADDRESS.fullmatch(self.address):\n            raise ValueError",
        ":\n            raise ValueError",
        "tests/messages/test_wire.py",
    ),
    Defence(
        "header injection: a subject",
        "digest/messages/headers.py",
        "        text = inert.line(text)\n",
        "        pass\n",
        INJECTION,
    ),
    Defence(
        "header injection: a sender in the settings",
        "digest/messages/addresses.py",
        "if not inert.is_plain(setting) or not",
        "if not",
        INJECTION,
    ),
    Defence(
        "header injection: a reader's name",
        "digest/issues/loading.py",
        "Letter(contents, inert.line(row.name),",
        "Letter(contents, row.name,",
        INJECTION,
    ),
    Defence(
        "header injection: a name nobody confirmed",
        "digest/notices.py",
        'to = Mailbox("", transport(notice.recipient or notice.subscriber.address))',
        "to = Mailbox(notice.subscriber.name, transport(notice.recipient or notice.subscriber.address))",
        INJECTION,
    ),
    Defence(
        "header injection: the name of the site",
        SETTINGS,
        'SITE_NAME = words("SITE_NAME", "Paper Round")',
        'SITE_NAME = optional("SITE_NAME", "Paper Round")',
        "tests/test_wrong_settings.py",
    ),
    # what strangers can have us do
    Defence("bombing: one message an hour to a mailbox", LIMITS, 'Rule("mailbox", subject, 1, HOUR), ', "", DOOR),
    Defence("bombing: three messages a day to a mailbox", LIMITS, ', Rule("mailbox", subject, 3, DAY)]', "]", DOOR),
    Defence(
        "bombing: other spellings of a mailbox",
        "subscriptions/door.py",
        "suppression.mailbox_hash(mailbox.canonical)",
        "suppression.mailbox_hash(mailbox.address)",
        DOOR,
    ),
    Defence(
        "bombing: by network",
        LIMITS,
        'return [Rule("network", network, settings.REQUESTS_PER_NETWORK_AND_HOUR, HOUR)] if network else []',
        "return []",
        DOOR,
    ),
    Defence(
        "bombing: by domain",
        LIMITS,
        'return [Rule("domain", domain, settings.ASKED_MESSAGES_PER_DOMAIN_AND_HOUR, HOUR)]',
        "return []",
        DOOR,
    ),
    Defence(
        "bombing: messages in all",
        LIMITS,
        'return [Rule("messages", "all", settings.ASKED_MESSAGES_PER_HOUR, HOUR)]',
        "return []",
        DOOR,
    ),
    Defence(
        "bombing: requests in all",
        LIMITS,
        'return [Rule("requests", "all", 10 * settings.ASKED_MESSAGES_PER_HOUR, HOUR)]',
        "return []",
        DOOR,
    ),
    Defence(
        "bombing: counted without Redis",
        LIMITS,
        "return next((rule for rule in rules if rule.counted(now) >= rule.limit), None)",
        "return None",
        DOOR,
    ),
    Defence(
        "bombing: previews",
        LIMITS,
        'return [Rule("previews", network or "socket", 2 * settings.REQUESTS_PER_NETWORK_AND_HOUR, HOUR)]',
        "return []",
        "tests/subscriptions/test_door.py -k preview",
    ),
    Defence(
        "proof of work: asked for",
        "subscriptions/entrance.py",
        'if not work.asked_for(network, now) or work.shown(request.POST.get("altcha", ""), network, now):',
        "if True:",
        "tests/subscriptions/test_work.py",
    ),
    Defence(
        "proof of work: good once",
        "subscriptions/work.py",
        'return "" if used is False else "solved"',
        'return "solved"',
        "tests/subscriptions/test_work.py",
    ),
    Defence(
        "proof of work: signed",
        "subscriptions/work.py",
        "return bool(altcha.verify_solution(typed, _secret()).verified)",
        "return True",
        "tests/subscriptions/test_work.py",
    ),
    Defence(
        "proof of work: few come without",
        "subscriptions/work.py",
        'return "few" if limits.take(limits.of_workless(network), uuid.uuid4().hex, now) is None else ""',
        'return "few"',
        "tests/subscriptions/test_work.py",
    ),
    Defence("forms of other sites", PAGES, '        return site in {"same-origin", "none"}', "        return True", DOOR),
    Defence("forms of other sites, by Origin", PAGES, "    return origin in {", "    return True or origin in {", DOOR),
    Defence(
        "a GET confirms nothing",
        "subscriptions/views.py",
        "found = consent.confirm(token, now, network=pages.network(request)) if acted else consent.confirmation(token, now)",
        "found = consent.confirm(token, now)",
        "tests/subscriptions/test_pages.py",
    ),
    Defence(
        "enumeration: one answer",
        "subscriptions/entrance.py",
        "    tasks.hint_requests()\n    return _look_in_inbox(signup, now)",
        "    from subscriptions.models import Subscriber\n    if Subscriber.objects.filter(address=signup.address).exists():\n"
        '        return HttpResponse("known")\n    return _look_in_inbox(signup, now)',
        DOOR,
    ),
    Defence(
        "CSV formulas",
        "subscriptions/exporting.py",
        'return f"\'{text}" if text.startswith(_FORMULA) else text',
        "return text",
        "tests/subscriptions/test_importing.py tests/subscriptions/test_bulk.py tests/admin -k 'export or formula or csv'",
    ),
    # tokens
    Defence(
        "tokens: a scope is part of the key",
        TOKENS,
        "person=scope.encode(), digest_size",
        "digest_size",
        "tests/web/test_scopes.py tests/subscriptions/test_tokens.py",
    ),
    Defence(
        "tokens: signed", TOKENS, "if any(genuine) else None", "if payload else None", "tests/subscriptions/test_tokens.py"
    ),
    Defence(
        "tokens: revoked with the generation",
        "subscriptions/sessions.py",
        "Subscriber.objects.filter(pk=subscriber_id, token_generation=generation).first()",
        "Subscriber.objects.filter(pk=subscriber_id).first()",
        "tests/subscriptions",
    ),
    Defence(
        "tokens: a session ends",
        "subscriptions/sessions.py",
        "if not 0 <= now.timestamp() - started < LASTS.total_seconds():",
        "if False:",
        "tests/subscriptions",
    ),
    Defence(
        "tokens: a form proves its session",
        "subscriptions/sessions.py",
        "return numbers is not None and numbers == tokens.read(tokens.Scope.SESSION, cookie)",
        "return True",
        "tests/subscriptions/test_you.py tests/web/test_scopes.py",
    ),
    # what comes from feeds and providers
    Defence(
        "SSRF: public addresses alone",
        "digest/sources/addresses.py",
        "    return address.is_global and not (",
        "    return True or not (",
        "tests/sources/test_fetch.py",
    ),
    Defence(
        "SSRF: what is wrapped in IPv6",
        "digest/sources/addresses.py",
        "return is_public(str(address.ipv4_mapped))",
        "return True",
        "tests/sources/test_fetch.py",
    ),
    Defence(
        "SSRF: connects to what was checked",
        "digest/sources/fetch.py",
        "super().connect_tcp(*self._dial(address, port),",
        "super().connect_tcp(host, self._dial(address, port)[1],",
        "tests/sources/test_fetch.py",
    ),
    Defence(
        "SSRF: ports of the Web",
        "digest/sources/fetch.py",
        "        if port not in self._ports:\n",
        "        if False:\n",
        "tests/sources/test_fetch.py",
    ),
    Defence(
        "bombs: what inflates",
        "digest/sources/inflate.py",
        "                if len(out) > most:",
        "                if False:",
        "tests/sources/test_fetch.py",
    ),
    Defence(
        "bombs: octets on the wire",
        "digest/sources/fetch.py",
        'raise FetchFailed(f"it has more than {self._limits.wire:,} octets", len(read))',
        "break",
        "tests/sources/test_fetch.py",
    ),
    Defence("webhooks: the secret", "digest/intake/webhooks.py", "            super().run_validators(request)\n", "", AMAZON),
    Defence(
        "webhooks: Amazon's signature",
        "digest/intake/notifications.py",
        "        key.verify(signature, signed_text(message), padding.PKCS1v15(), algorithm)",
        "        pass",
        AMAZON,
    ),
    Defence(
        "webhooks: Amazon's host",
        "digest/intake/notifications.py",
        'if place is None or place["region"] != topic["region"]:',
        "if place is None:",
        AMAZON,
    ),
    Defence(
        "webhooks: the topic",
        "digest/intake/notifications.py",
        'if topic is None or message["TopicArn"] not in topics:',
        "if topic is None:",
        AMAZON,
    ),
    Defence(
        "webhooks: stale events",
        "digest/bounces/events.py",
        "now - event.happened_at > STALE",
        "False",
        "tests/intake/test_webhooks.py",
    ),
    Defence(
        "webhooks: one effect an event",
        "digest/bounces/events.py",
        'name = self.name or f"{self.kind}',
        'import uuid; name = uuid.uuid4().hex or f"{self.kind}',
        "tests/intake",
    ),
    # the operator's account
    Defence(
        "second factor: asked for",
        "digest/access/second_factor.py",
        "            if request.path_info not in allowed:\n",
        "            if False:\n",
        "tests/access/test_second_factor.py",
    ),
    Defence(
        "second factor: the middleware",
        SETTINGS,
        '    "digest.access.second_factor.required",\n',
        "",
        "tests/access/test_second_factor.py",
    ),
    Defence(
        "second factor: the code is checked",
        "digest/access/second_factor.py",
        "if device is None or not device.verify_token(code):",
        "if device is None:",
        "tests/access/test_second_factor.py",
    ),
    Defence(
        "second factor: on unless told otherwise",
        SETTINGS,
        'SECOND_FACTOR = flag("SECOND_FACTOR", default=not DEBUG)',
        'SECOND_FACTOR = flag("SECOND_FACTOR")',
        "tests/test_settings.py tests/test_wrong_settings.py tests/operations/test_deployment.py",
    ),
    Defence(
        "lockout: after five", SETTINGS, "AXES_FAILURE_LIMIT = 5", "AXES_FAILURE_LIMIT = 500", "tests/access/test_lockout.py"
    ),
    Defence(
        "lockout: by name and network",
        SETTINGS,
        'AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]',
        'AXES_LOCKOUT_PARAMETERS = ["username"]',
        "tests/access/test_lockout.py",
    ),
    Defence(
        "lockout: half an hour",
        SETTINGS,
        "AXES_COOLOFF_TIME = dt.timedelta(minutes=30)",
        "AXES_COOLOFF_TIME = dt.timedelta(seconds=0)",
        "tests/access/test_lockout.py",
    ),
    Defence("long passwords", SETTINGS, '"OPTIONS": {"min_length": 12}', '"OPTIONS": {"min_length": 4}', "tests/access"),
    Defence(
        "roles: editors see no reader",
        "digest/access/roles.py",
        '        "change_paper",\n        *(f"{verb}_pick"',
        '        "change_paper", "view_subscriber",\n        *(f"{verb}_pick"',
        "tests/access",
    ),
    Defence(
        "audit log: append-only",
        "subscriptions/migrations/0003_audit_is_append_only.py",
        "operations = [migrations.RunSQL(FORBID, ALLOW)]",
        "operations = []",
        "tests/access/test_audit.py",
    ),
    Defence(
        "consent: append-only",
        "subscriptions/migrations/0002_consent_is_append_only.py",
        "operations = [migrations.RunSQL(FORBID, ALLOW)]",
        "operations = []",
        "tests/subscriptions",
    ),
    # what leaves by the back door
    Defence(
        "logs: addresses",
        "digest/observability/logs.py",
        "            return _ADDRESS.sub(STRUCK, value)",
        "            return value",
        "tests/observability/test_logs.py",
    ),
    Defence(
        "logs: tokens",
        "digest/observability/logs.py",
        '| {name: {"filters": ["by-route"]} for name in _OF_REQUESTS}',
        "",
        "tests/observability/test_logs.py",
    ),
    Defence("traces", SETTINGS, '    "digest.observability.traces.discreet",\n', "", "tests/observability/test_elsewhere.py"),
    Defence(
        "Sentry",
        "digest/observability/sentry.py",
        "        before_send=_without_addresses,\n",
        "",
        "tests/observability/test_elsewhere.py",
    ),
    Defence(
        "metrics ask for their token",
        "digest/observability/health.py",
        "hmac.compare_digest",
        "(lambda *_: True)",
        "tests/observability/test_health.py",
    ),
)
