"""Each kind of event as a sentence. `{actor}` and its like are filled in, and stay apart from our own words."""

from collections.abc import Callable, Iterator, Mapping
from string import Formatter

from driftsentry.audit.model import Part
from driftsentry.templating import plural

Facts = Mapping[str, str]
Sentence = str | Callable[[Facts], str]

_COUNTS = (("detected", "new"), ("changed", "changed"), ("reopened", "reopened"), ("resolved", "resolved"))
_ROLES = ("actor", "stack", "drift")
_UNKNOWN = {"target": "somebody", "drift": "a drift", "stack": "a stack"}


def _report(facts: Facts) -> str:
    numbers = [f"{{{name}}} {word}" for name, word in _COUNTS if facts.get(name, "0") != "0"]
    outcome = ", ".join(numbers) or "nothing changed"
    if facts.get("is_late") == "yes":
        outcome = "older than the newest, so nothing changed"
    incomplete = " (incomplete)" if facts.get("is_complete") == "no" else ""
    return f"{{actor}} reported {{stack}}: {outcome}{incomplete}"


def _scheduled(facts: Facts) -> str:
    every = "a report of {stack} every {new_interval}"
    return "{actor} " + ("expects " + every if facts.get("source") == "set" else "learned to expect " + every)


def _detected(facts: Facts) -> str:
    noise = ", as informational" if facts.get("cause") == "informational" else ""
    return "{actor} reported {drift} in {stack} for the first time" + noise


def _changed(facts: Facts) -> str:
    decided = " than those that {decided_by} {after}" if facts.get("decided_by") else ""
    return "{actor} reported other facts about {drift} in {stack}" + decided


def _snoozed(facts: Facts) -> str:
    until = "{until}" if facts.get("until") else "it changes"
    return f"{{actor}} snoozed {{drift}} in {{stack}} until {until}"


def _woken(facts: Facts) -> str:
    why = ", as its time has come" if facts["actor_kind"] == "system" else ""
    return "{actor} woke {drift} in {stack}" + why


def _ignore_ended(facts: Facts) -> str:
    if facts["actor_kind"] == "system":
        return "The ignore rule about {attribute} in {stacks} ended, as its last day has passed"
    return "{actor} ended the ignore rule about {attribute} in {stacks}"


def _started(facts: Facts) -> str:
    return "{actor} signed in" + (" with a program" if facts.get("of") == "api" else "")


def _revoked(facts: Facts) -> str:
    if facts.get("why") == "signed out":
        return "{actor} signed out"
    why = ": {why}" if facts.get("why") else ""
    if facts["actor_kind"] == "system":
        return "A session of {target} ended" + why
    return ("{actor} ended an own session" if _is_own(facts) else "{actor} ended a session of {target}") + why


def _role_changed(facts: Facts) -> str:
    was = " (was {old})" if facts.get("old") else ""
    return f"{{actor}} made {{target}} {_a(facts.get('new', ''))}{{new}}{was}"


def _made_user(verb: str) -> Callable[[Facts], str]:
    def sentence(facts: Facts) -> str:
        return f"{{actor}} {verb} {{target}}" + (f" as {_a(facts['role'])}{{role}}" if facts.get("role") else "")

    return sentence


def _password(facts: Facts) -> str:
    if facts.get("by"):
        return "{actor} set a password with a link ({by})"
    return "{actor} changed the own password" if _is_own(facts) else "{actor} changed the password of {target}"


def _link(facts: Facts) -> str:
    words = {"invite": "an invitation link", "reset": "a link to set a new password"}
    return f"{{actor}} made {words.get(facts.get('purpose', ''), 'a link')} for {{target}}"


def _token(verb: str) -> Callable[[Facts], str]:
    def sentence(facts: Facts) -> str:
        stacks = " for {stacks}" if verb == "made" and facts.get("stacks") else ""
        return f"{{actor}} {verb} the token {{name}}{stacks}"

    return sentence


def _announced(facts: Facts) -> str:
    number = facts.get("announced", "0")
    if not number.isdecimal() or number == "0":
        return "{actor} told of an assessment of {stack} by HCP Terraform"
    return "{actor} told that HCP Terraform counted " + plural(int(number), "drift") + " in {stack}"


def _alert(facts: Facts) -> str:
    whys = {
        "stale": ": {stack} stopped reporting",
        "failing": ": {stack} fails",
        "held": ": a report of {stack} is held",
    }
    if why := whys.get(facts.get("alert_kind", "")):
        return "Everybody was alerted" + why
    number = facts.get("drifts", "0")
    about = f" to {plural(int(number), 'drift')}" if number.isdecimal() and number != "0" else ""
    return "Everybody was alerted" + about + (" in {stack}" if facts.get("stack") else "")


def _read(facts: Facts) -> str:
    number = facts.get("alerts", "")
    return "{actor} read " + (plural(int(number), "alert") if number.isdecimal() else "an alert")


def _verified(facts: Facts) -> str:
    number = facts.get("problems", "0")
    found = {"0": "no problem found", "1": "1 problem found"}.get(number, "{problems} problems found")
    return "{actor} verified the chain of {entries} entries: " + found


def _exported(facts: Facts) -> str:
    return "{actor} exported the audit log" + (" as {format}" if facts.get("format") else "")


SENTENCES: Mapping[str, Sentence] = {
    "drift.detected": _detected,
    "drift.changed": _changed,
    "drift.reopened": "{actor} reported {drift} in {stack} again, so it needs a decision",
    "drift.resolved": "{actor} no longer reported {drift} in {stack}: resolved",
    "drift.approved": "{actor} approved {drift} in {stack}: keep reality, change the code",
    "drift.rejected": "{actor} rejected {drift} in {stack}: revert reality to the code",
    "drift.lapsed": "The approval of {drift} in {stack} ended, as its last day has passed",
    "drift.snoozed": _snoozed,
    "drift.woken": _woken,
    "drift.commented": "{actor} commented on {drift} in {stack}",
    "drift.filled": "{actor} reported in what {drift} in {stack} differs, which a log had not said",
    "drift.rejudged": "{actor} changed how {drift} in {stack} is judged: {severity}",
    "drift.ignored": "{actor} ignores differences of {drift} in {stack}",
    "drift.moved": "{actor} reported {drift} in {stack} under a new address",
    "report.received": _report,
    "report.announced": _announced,
    "report.held": "A report of {stack} is held: too many drifts would end at once",
    "report.confirmed": "{actor} confirmed the held report of {stack}: its drifts are gone",
    "report.dismissed": "{actor} dismissed the held report of {stack}: its drifts stay",
    "view.shared": "{actor} shared the view {name} of drifts with everybody",
    "view.renamed": "{actor} renamed the shared view {old} to {name}",
    "view.unshared": "{actor} no longer shares the view {name} of drifts",
    "view.removed": "{actor} deleted the shared view {name} of drifts",
    "stack.late": "{stack} has not reported in time",
    "rule.ignore_added": "{actor} added an ignore rule about {attribute} in {stacks} until {until}",
    "rule.ignore_ended": _ignore_ended,
    "rule.added": "{actor} added the severity rule {name}",
    "rule.changed": "{actor} changed the severity rule {name}",
    "rule.removed": "{actor} removed the severity rule {name}",
    "rule.switched_off": "{actor} switched the severity rule {name} off",
    "rule.switched_on": "{actor} switched the severity rule {name} on",
    "rule.moved": "{actor} moved the severity rule {name} {direction} past {past}",
    "stack.stale": "{stack} stopped reporting",
    "stack.scheduled": _scheduled,
    "attribute.learned": "{path} of {resource_type} in {stack} changes with every scan, and no longer counts",
    "attribute.forgotten": "{actor} forgot that {path} of {resource_type} in {stack} changes with every scan",
    "alert.created": _alert,
    "alert.read": _read,
    "session.started": _started,
    "session.revoked": _revoked,
    "refresh_token.reused": "A used refresh token of {target} came again, so its session was ended",
    "user.created": _made_user("added"),
    "user.invited": _made_user("invited"),
    "user.role_changed": _role_changed,
    "user.disabled": "{actor} disabled the account of {target}",
    "user.enabled": "{actor} enabled the account of {target}",
    "user.password_reset": "{actor} reset the password of {target}",
    "user.password_changed": _password,
    "link.created": _link,
    "link.used": "{target} used a link to set a password",
    "token.created": _token("made"),
    "token.revoked": _token("revoked"),
    "setup.completed": "{actor} set DriftSentry up",
    "demo.loaded": "{actor} loaded the demo data",
    "audit.verified": _verified,
    "audit.exported": _exported,
}


def parts_of(kind: str, facts: Facts) -> tuple[Part, ...]:
    """The sentence of an event. A kind that is not known here is named as it is."""
    sentence = SENTENCES.get(kind, "{actor}: {kind}")
    text = sentence if isinstance(sentence, str) else sentence(facts)
    return tuple(_fill(text, {**facts, "kind": kind}))


def _fill(sentence: str, facts: Facts) -> Iterator[Part]:
    for words, name, _spec, _conversion in Formatter().parse(sentence):
        ours = words + ("CI job " if name == "actor" and facts["actor_kind"] == "token" else "")
        if ours:
            yield Part(ours)
        if name is not None:
            yield Part(facts.get(name) or _UNKNOWN.get(name, "?"), name if name in _ROLES else "value")


def _is_own(facts: Facts) -> bool:
    """Whether the actor did it to himself; without a word on who it was about, it was himself."""
    return facts.get("user_id", facts["actor_id"]) == facts["actor_id"]


def _a(noun: str) -> str:
    return "an " if noun[:1] in tuple("aeiou") else "a "
