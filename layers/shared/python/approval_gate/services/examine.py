"""The doctor: find out why an app does not work, and say what to press where."""

from __future__ import annotations

from datetime import datetime, timedelta

from approval_gate.errors import ConfigurationError, ProviderUnavailable
from approval_gate.ports import App, Clock
from approval_gate.ports.checks import Check, CheckStatus, Examiner, Examiners, Probe, Refusals, Rehearsal, Words

__all__ = ["Doctor"]

_OK, _WARNING, _FAILED, _SKIPPED = CheckStatus.OK, CheckStatus.WARNING, CheckStatus.FAILED, CheckStatus.SKIPPED
_QUIET = timedelta(days=7)
"""After so long without any callback it is worth a look whether they still come."""


class Doctor:
    """Examine registered apps."""

    def __init__(self, examiners: Examiners, probe: Probe, refusals: Refusals, clock: Clock) -> None:
        self._examiners = examiners
        self._probe = probe
        self._refusals = refusals
        self._clock = clock

    def examine(self, app: App, callback_url: str) -> tuple[Check, ...]:
        """
        Return every check, the ones about the platform first.

        Args:
            callback_url: the app's request address as the platform reaches it. The platform's address check is
                rehearsed there twice: the first call warms the function for the one that counts.
        """
        try:
            examiner = self._examiners.of(app)
        except ConfigurationError as err:
            text = Words(err.message, "应用凭证缺失或无法读取。")
            fix = Words(
                "Send the credentials again with PUT /v1/apps/{app}.", "请通过 PUT /v1/apps/{app} 重新提交凭证。"
            )
            return (Check("credentials", _FAILED, text, fix),)
        return (*examiner.examine(), *self._callbacks(app, examiner, callback_url))

    def _callbacks(self, app: App, examiner: Examiner, callback_url: str) -> tuple[Check, ...]:
        if app.callbacks == "none":
            text = Words(
                "This app is registered without callbacks: outcomes are found by asking the platform, which costs "
                "calls and up to half an hour.",
                "该应用未启用回调：结果通过轮询平台获得，会消耗调用额度，且最多延迟半小时。",
            )
            return (Check("callback_address", _SKIPPED, text),)
        rehearsal = examiner.rehearsal()
        if rehearsal is None:
            text = Words(
                "The keys for callbacks are not set, so every callback is refused.",
                "尚未设置回调密钥，所有回调都会被拒绝。",
            )
            fix = Words(
                "Copy them from the page of the platform's console that asks for the request address, and send them "
                f"with PUT /v1/apps/{app.id}; then save this address there: {callback_url}",
                f"请从平台后台填写回调地址的页面复制密钥，通过 PUT /v1/apps/{app.id} 提交，"
                f"然后在该页面保存回调地址：{callback_url}",
            )
            return (Check("callback_keys", _FAILED, text, fix),)
        return (self._address(rehearsal, callback_url), self._seen(app, callback_url), self._refused(app, examiner))

    def _address(self, rehearsal: Rehearsal, url: str) -> Check:
        fix = Words(
            f"Open {url} to the internet: DNS, certificate, firewall and proxy must let the platform's POST and GET "
            "through.",
            f"请确保平台可以从公网访问 {url}：检查 DNS、证书、防火墙和代理。",
        )
        try:
            _, cold_s = self._probe.send(url, rehearsal.request, timeout_s=10)
            response, warm_s = self._probe.send(url, rehearsal.request, timeout_s=10)
        except ProviderUnavailable as err:
            text = Words(f"{url} did not answer: {err.message}", f"回调地址 {url} 无响应。")
            return Check("callback_address", _FAILED, text, fix)
        if not rehearsal.is_right(response):
            text = Words(
                f"{url} answered {response.status}, not what the platform's address check wants to read.",
                f"回调地址 {url} 返回 {response.status}，不符合平台地址校验的要求。",
            )
            return Check("callback_address", _FAILED, text, fix)
        took = (
            f"{warm_s * 1000:.0f} ms (first call {cold_s * 1000:.0f} ms; the platform waits {rehearsal.deadline_s:g} s)"
        )
        took_zh = f"{warm_s * 1000:.0f} 毫秒（首次 {cold_s * 1000:.0f} 毫秒，平台最多等待 {rehearsal.deadline_s:g} 秒）"
        if warm_s >= rehearsal.deadline_s:
            text = Words(
                f"The platform's address check would fail: the right answer takes {took}.",
                f"平台地址校验将会失败：应答正确，但耗时 {took_zh}。",
            )
            slow = Words(
                "The way to this address is too slow: check the proxy in front of it and its region.",
                "访问该地址过慢：请检查前置代理和所在区域。",
            )
            return Check("callback_address", _FAILED, text, slow)
        text = Words(
            f"The platform's address check succeeds: {took}. The function is warm now: press Save in the console.",
            f"平台地址校验通过：{took_zh}。函数已预热，现在可以在后台点击保存。",
        )
        return Check("callback_address", _OK, text)

    def _seen(self, app: App, url: str) -> Check:
        seen, now = app.callback_seen_at, self._clock()
        fix = Words(
            f"Save {url} as the request address and subscribe to the approval events in the platform's console; then "
            "ask for an approval and look here again.",
            f"请在平台后台将 {url} 保存为回调地址并订阅审批事件，然后发起一个审批后再次检查。",
        )
        if seen is None:
            text = Words("No callback has ever arrived.", "尚未收到任何回调。")
            return Check("callback_seen", _WARNING, text, fix)
        took = took_zh = ""
        if app.callback_took_ms is not None:
            took = f" and was answered in {app.callback_took_ms} ms"
            took_zh = f"，应答耗时 {app.callback_took_ms} 毫秒"
        text = Words(
            f"The last callback arrived at {_moment(seen)}{took}.", f"最近一次回调时间：{_moment(seen)}{took_zh}。"
        )
        return Check("callback_seen", _WARNING, text, fix) if now - seen > _QUIET else Check("callback_seen", _OK, text)

    def _refused(self, app: App, examiner: Examiner) -> Check:
        refusal = self._refusals.last(app)
        if refusal is None or (app.callback_seen_at is not None and app.callback_seen_at >= refusal.at):
            return Check("callback_accepted", _OK, Words("No callback was refused lately.", "近期没有被拒绝的回调。"))
        text = Words(
            f"A callback was refused at {_moment(refusal.at)}: {refusal.check}. If others are accepted, it may have "
            "been a stranger's.",
            f"{_moment(refusal.at)} 有回调被拒绝：{refusal.check}。如果其他回调正常，则可能来自陌生来源。",
        )
        status = _FAILED if app.callback_seen_at is None else _WARNING
        return Check("callback_accepted", status, text, examiner.about_refusal(refusal.check))


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"
