"""
Receivers with one check taken out, each of which the receivers' tests must notice.

A mutant is a piece of source that stands exactly once in its file, and what replaces it. It still takes true
callbacks: what it loses is one reason to refuse. Parts of a check that another part makes redundant are not listed, for
example the lower bound of the length of a padding: no mutant without it behaves differently.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["FAMILIES", "MUTANTS", "Mutant"]

FAMILIES = {"feishu": ("feishu", "lark"), "dingtalk": ("dingtalk",), "wecom": ("wecom",)}
"""Receivers that share their code, by the name of the folder that holds it."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """
    One change to the source.

    Args:
        family: whose tests must notice; a key of `FAMILIES`.
        file: below `approval_gate/`.
        removes: the check that is gone, in words.
    """

    family: str
    file: str
    removes: str
    original: str
    replacement: str

    @property
    def name(self) -> str:
        """What a test report calls it."""
        return f"{self.family}: {self.removes}".replace(" ", "_")


def _feishu(removes: str, original: str, replacement: str, file: str = "callbacks") -> Mutant:
    return Mutant("feishu", f"providers/feishu/{file}.py", removes, original, replacement)


def _dingtalk(removes: str, original: str, replacement: str, file: str = "callbacks") -> Mutant:
    return Mutant("dingtalk", f"providers/dingtalk/{file}.py", removes, original, replacement)


def _wecom(removes: str, original: str, replacement: str, file: str = "callbacks") -> Mutant:
    return Mutant("wecom", f"providers/wecom/{file}.py", removes, original, replacement)


def _cipher(family: str, removes: str, original: str, replacement: str) -> Mutant:
    return Mutant(family, "crypto/aes_cbc.py", removes, original, replacement)


def _padding(family: str) -> tuple[Mutant, ...]:
    return (
        _cipher(family, "padding is within a block", "min(padding_block_bytes, len(padded))", "len(padded)"),
        _cipher(family, "padding bytes are equal", "padded[-count:] != bytes([count]) * count", "False"),
    )


def _empty(family: str) -> Mutant:
    # An empty text is refused earlier by WeCom's receiver.
    return _cipher(family, "ciphertext is not empty", "if not sealed or len(sealed)", "if len(sealed)")


def _names_once(family: str) -> Mutant:
    return Mutant(family, "untrusted.py", "names stand once", "object_pairs_hook=_without_repetition, ", "")


def _length_field(family: str) -> Mutant:
    file = "crypto/sealed_message.py"
    return Mutant(family, file, "length field is inside the message", "if len(plain) < end:", "if False:")


_FEISHU = (
    _feishu("only POST", 'request.method != "POST"', "False"),
    _feishu("size", "len(request.body) > MAX_BODY_BYTES", "False"),
    _feishu("signature", 'not is_equal(expected, request.headers.get(_SIGNATURE, ""))', "False"),
    _feishu("not too old", "-MAX_AHEAD <= age <= MAX_AGE", "-MAX_AHEAD <= age"),
    _feishu("not from the future", "-MAX_AHEAD <= age <= MAX_AGE", "age <= MAX_AGE"),
    _feishu("app id", "not is_equal(self._app_id, envelope.app_id)", "False"),
    _feishu(
        "verification token",
        "if self._verification_token and not is_equal(self._verification_token, given):",
        "if False:",
    ),
    _feishu(
        "empty token is none",
        "if self._verification_token and not is_equal(self._verification_token, given):",
        "if given and not is_equal(self._verification_token, given):",
    ),
    _feishu(
        "with an Encrypt Key events are signed", "if self._encrypt_key and proof is not _Proof.EVENT:", "if False:"
    ),
    _feishu(
        "SHA-1 of a card proves no event", "self._encrypt_key and proof is not _Proof.EVENT", "proof is _Proof.NONE"
    ),
    _feishu("sealed needs an Encrypt Key", "            if not self._encrypt_key:\n", "            if False:\n"),
    _feishu(
        "a version 2 event is no address check",
        'body.get("type") == "url_verification" and "schema" not in body',
        'body.get("type") == "url_verification"',
    ),
    _feishu("token of an address check", '        self._check_token(word(body, "token"))\n', ""),
    _feishu("address check in clear needs a token", "if not is_sealed and not self._verification_token:", "if False:"),
    _feishu("old card has the old signature", "if proof is not _Proof.LEGACY_CARD:", "if False:"),
    _feishu(
        "old card needs a token",
        'if not self._verification_token:\n            raise CallbackRejected("verification_token is not configured")\n'
        "        return",
        "return",
    ),
    _feishu("all three headers", "if not all(name in request.headers for", "if not any(name in request.headers for"),
    _feishu("one header alone is not none", "if not any(name in request.headers", "if not all(name in request.headers"),
    _feishu("something to prove with", "if not app_id or not (encrypt_key or verification_token):", "if not app_id:"),
    _names_once("feishu"),
    *_padding("feishu"),
    _empty("feishu"),
)

_DINGTALK = (
    _dingtalk("only POST", 'request.method != "POST"', "False"),
    _dingtalk("size", "len(request.body) > MAX_BODY_BYTES", "False"),
    _dingtalk(
        "signature",
        'if not any(is_equal(expected, query.get(name, "")) for name in ("msg_signature", "signature")):',
        "if False:",
    ),
    _dingtalk("nonce", "if not nonce:", "if False:"),
    _dingtalk(
        "not too old", "-MAX_AHEAD <= self._clock() - sent_at <= MAX_AGE", "-MAX_AHEAD <= self._clock() - sent_at"
    ),
    _dingtalk(
        "not from the future", "-MAX_AHEAD <= self._clock() - sent_at <= MAX_AGE", "self._clock() - sent_at <= MAX_AGE"
    ),
    _dingtalk("receiver id", "if receiver_id not in {each.encode() for each in self._receiver_ids}:", "if False:"),
    _dingtalk("receiver id is not empty", "for each in (app_key, corp_id) if each)", "for each in (app_key, corp_id))"),
    _dingtalk("token is set", "if not (app_key and aes_key and token):", "if not (app_key and aes_key):"),
    _names_once("dingtalk"),
    _length_field("dingtalk"),
    *_padding("dingtalk"),
    _empty("dingtalk"),
)

_WECOM = (
    _wecom("only GET and POST", 'request.method != "POST"', "False"),
    _wecom("size", "len(request.body) > MAX_BODY_BYTES", "False"),
    _wecom("signature", "not is_equal(signature(self._token, timestamp, nonce, sealed_text), given)", "False"),
    _wecom("all of the query", "if not (given and timestamp and nonce and sealed_text):", "if False:"),
    _wecom("not too old", "-MAX_AHEAD <= age <= MAX_AGE", "-MAX_AHEAD <= age"),
    _wecom("not from the future", "-MAX_AHEAD <= age <= MAX_AGE", "age <= MAX_AGE"),
    _wecom("timestamp has ten digits", "[0-9]{10}", "[0-9]+"),
    _wecom("receiver id", "not hmac.compare_digest(receiver, self._corp_id.encode())", "False"),
    _wecom(
        "receiver id to its end",
        "not hmac.compare_digest(receiver, self._corp_id.encode())",
        "not self._corp_id.encode().startswith(receiver)",
    ),
    _wecom("agent id", "if agent_id and agent_id != self._agent_id:", "if False:"),
    _wecom(
        "token is set", "if not (corp_id and token and encoding_aes_key):", "if not (corp_id and encoding_aes_key):"
    ),
    _wecom("base64 is strict", "base64.b64decode(sealed_text, validate=True)", "base64.b64decode(sealed_text)"),
    _wecom("one sealed text", "if len(texts) != 1:", "if not texts:"),
    _wecom("nothing behind the envelope", 'body.rstrip(b"\\r\\n")[-1:] not in {b">", b"}"}', "False"),
    _wecom("no DOCTYPE", "        parser.StartDoctypeDeclHandler = self._refuse\n", "", "documents"),
    _wecom(
        "no processing instruction", "        parser.ProcessingInstructionHandler = self._refuse\n", "", "documents"
    ),
    _wecom("depth of XML", "if len(self._open) > MAX_DEPTH:", "if False:", "documents"),
    _wecom("depth of JSON", "if depth > MAX_DEPTH:", "if False:", "documents"),
    _names_once("wecom"),
    _length_field("wecom"),
    *_padding("wecom"),
)

MUTANTS = _FEISHU + _DINGTALK + _WECOM
