"""What the receiver of a webhook has to know: the signature, what is sent, how to check it."""

from typing import Any

RECEIVER = '''\
import hashlib, hmac, time

def genuine(secret: str, header: str, body: bytes, now: float | None = None) -> bool:
    """Whether a webhook's body is what Hauberk sent, within the last five minutes."""
    parts = dict(part.split("=", 1) for part in header.split(",") if "=" in part)
    sent, signature = parts.get("t", ""), parts.get("v1", "")
    if not sent.isdecimal() or abs((time.time() if now is None else now) - int(sent)) > 300:
        return False
    right = hmac.new(secret.encode(), sent.encode() + b"." + body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(right.encode(), signature.encode())
'''

ABOUT = f"""\
A channel of the kind `webhook` gets a POST of JSON for every alert: `id`, `event`, `organisation` (`slug`, `name`), `domain`, `message`,
`raised_at`, `url`. Each carries

    Hauberk-Signature: t=1795318800,v1=5257a869e7ecebeda32affa62cdca3fa51cad7e77a0e56ff536d0ce8e108d8bd

`t` is the time of sending in seconds of Unix time; `v1` is HMAC-SHA256, as hexadecimal digits, over the digits of `t`, a full stop and the
body's octets as they arrived. The key is the channel's secret, as it was told when the channel was made. Check it before anything else:

{"".join(f"    {line}" for line in RECEIVER.splitlines(keepends=True))}
Answer with any status of 2xx. After anything else, or 15 seconds, it is sent again, later and later, under the same `id` and a new
signature: who gets an `id` twice has one alert. 410 ends the trying. Redirects are not followed, and addresses that point inwards get
nothing. `POST /channels/{{id}}/test` sends an event `test`.
"""

SCHEMA: dict[str, Any] = {
    "title": "WebhookAlert",
    "description": "What a webhook is told. The same `id` is the same alert, however often it is sent.",
    "type": "object",
    "required": ["id", "event", "organisation", "domain", "message", "raised_at", "url"],
    "properties": {
        "id": {"type": "string", "description": "The alert."},
        "event": {"type": "string", "examples": ["band-changed"]},
        "organisation": {
            "type": "object",
            "required": ["slug", "name"],
            "properties": {"slug": {"type": "string", "examples": ["example"]}, "name": {"type": "string", "examples": ["Example Ltd"]}},
        },
        "domain": {"type": "string", "description": "Empty where it is about no domain.", "examples": ["example.com"]},
        "message": {"type": "string", "examples": ["example.com fell from green to amber"]},
        "raised_at": {"type": "string", "format": "date-time"},
        "url": {"type": "string", "description": "The page about it; empty where the server does not know its own address."},
    },
}

DESCRIBED: dict[str, Any] = {
    "alert": {
        "post": {
            "summary": "Alert",
            "operationId": "webhook_alert",
            "description": "Sent to every channel of the kind webhook that wants the event.",
            "tags": ["alerts"],
            "parameters": [
                {
                    "name": "Hauberk-Signature",
                    "in": "header",
                    "required": True,
                    "description": "t=SECONDS,v1=HEX: HMAC-SHA256 over `SECONDS.BODY` with the channel's secret.",
                    "schema": {"type": "string", "pattern": "^t=[0-9]+,v1=[0-9a-f]{64}$"},
                }
            ],
            "requestBody": {"required": True, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/WebhookAlert"}}}},
            "responses": {"2XX": {"description": "It was taken."}},
        }
    }
}
