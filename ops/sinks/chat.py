"""What Slack's Web API and Telegram's Bot API answer, as far as a message's way goes: ids, threads, limits, refusals."""
import html.parser
import itertools
import json
import re

SLACK = re.compile(r"^/slack/chat\.(postMessage|update)$")
TELEGRAM = re.compile(r"^/bot([^/]+)/sendMessage$")
TELEGRAM_TAGS = {"b", "i", "u", "s", "a", "code", "pre"}


class Chat:
    """Messages of both; not safe for threads, the sink locks."""

    def __init__(self):
        self.ids = itertools.count(1)
        self.slack = {}
        self.telegram = {}

    def reply(self, path, headers, body):
        """(status, JSON) as the provider would answer; None for any other address."""
        if found := SLACK.match(path):
            return 200, self.slack_reply(found[1], headers, json.loads(body))
        if TELEGRAM.match(path):
            return self.telegram_reply(json.loads(body))
        return None

    def slack_reply(self, method, headers, call):
        if not headers.get("Authorization", "").startswith("Bearer xoxb-"):
            return {"ok": False, "error": "invalid_auth"}
        if call["channel"] in ("#nowhere",):
            return {"ok": False, "error": "channel_not_found"}
        if not self.slack_fits(call):
            return {"ok": False, "error": "invalid_blocks"}
        if method == "update":
            if call["ts"] not in self.slack:
                return {"ok": False, "error": "message_not_found"}
            return {"ok": True, "channel": call["channel"], "ts": call["ts"]}
        if call.get("thread_ts") and call["thread_ts"] not in self.slack:
            return {"ok": False, "error": "thread_not_found"}
        stamp = f"1700000000.{next(self.ids):06}"
        self.slack[stamp] = call
        return {"ok": True, "channel": "C0ALERTS", "ts": stamp}

    @staticmethod
    def slack_fits(call):
        blocks = [block for attachment in call.get("attachments", []) for block in attachment["blocks"]]
        texts = [block["text"]["text"] for block in blocks if "text" in block]
        limits = {"header": 150, "section": 3000}
        return (bool(call["text"]) and len(blocks) <= 50 and sum(map(len, texts)) <= 13200
                and all(0 < len(b["text"]["text"]) <= limits[b["type"]] for b in blocks if "text" in b)
                and all(len(b.get("elements", [])) <= 25 for b in blocks))

    def telegram_reply(self, call):
        if call["chat_id"] == "-100":
            return 400, {"ok": False, "error_code": 400, "description": "Bad Request: group chat was upgraded",
                         "parameters": {"migrate_to_chat_id": -1001}}
        if call["chat_id"] == "-403":
            return 403, {"ok": False, "error_code": 403, "description": "Forbidden: bot was blocked by the user"}
        text = call["text"]
        if call.get("parse_mode") == "HTML":
            text = telegram_text(text)
            if text is None or "refuse-html" in text:
                return 400, {"ok": False, "error_code": 400, "description": "Bad Request: can't parse entities: bad tag"}
        if not 0 < len(text.encode("utf-16-le")) // 2 <= 4096:
            return 400, {"ok": False, "error_code": 400, "description": "Bad Request: message is too long"}
        number = next(self.ids)
        self.telegram[number] = call
        return 200, {"ok": True, "result": {"message_id": number, "chat": {"id": 1}, "date": 0, "text": text}}


def telegram_text(markup):
    """The text of Telegram's HTML; None when its tags are unknown or not closed."""
    open_tags, texts, good = [], [], True

    class Reader(html.parser.HTMLParser):
        def handle_starttag(self, tag, _):
            nonlocal good
            good = good and tag in TELEGRAM_TAGS
            open_tags.append(tag)

        def handle_endtag(self, tag):
            nonlocal good
            good = good and bool(open_tags) and open_tags.pop() == tag

        def handle_data(self, data):
            texts.append(data)

    reader = Reader()
    reader.feed(markup)
    reader.close()
    return "".join(texts) if good and not open_tags else None
