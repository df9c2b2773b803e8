"""Answers of several parts, as a parser of mail reads them (RFC 2387): nothing here is ours."""
import email
import email.policy
import json


def parse(content_type, body, whole=False):
    """{the part's name: (media type, JSON)} in the order of the parts; or by whole Content-IDs."""
    message = email.message_from_bytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body,
                                       policy=email.policy.HTTP)
    assert message.get_content_type() == "multipart/related"
    assert not message.defects, message.defects
    parts = {}
    domains = set()
    for part in message.iter_parts():
        assert not part.defects and set(part.keys()) == {"Content-ID", "Content-Type"}
        content_id = str(part["Content-ID"])
        assert content_id[0] == "<" and content_id[-1] == ">"
        name, domain = content_id[1:-1].split("@")
        domains.add(domain)
        name = content_id[1:-1] if whole else name
        assert name not in parts
        parts[name] = part.get_content_type(), json.loads(part.get_payload(decode=True))
    assert len(domains) == 1
    # RFC 9275 7.2.6: the type of the path vector part, which is the first one.
    assert message.get_param("type") == next(iter(parts.values()))[0]
    assert message.get_param("start") is None
    return parts


def domain(body):
    """Of the Content-IDs."""
    return body.split(b"Content-ID: <", 1)[1].split(b">", 1)[0].split(b"@")[1].decode()
