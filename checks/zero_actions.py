"""No workflow runs and no minute is billed: Actions are off where the site is published."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from checks.base import (
    Digest,
    Evidence,
    Finding,
    Limits,
    Measure,
    Principle,
    Rule,
    Scope,
    Subject,
    Tools,
    Unavailable,
    count_text,
    digest,
)

NAME = "zero_actions"
PRINCIPLE: Principle = "I"
SCOPE: Scope = "remote"
NON_NEGOTIABLE = True
VERSION = 2
WEIGHT = 1
TIMED = False
AGE: int | None = None

# `bill_unreadable` is why the owner says that nobody here can read the bill; empty: it must be read.
LIMITS: Limits = {"minutes": 0, "runs": 0, "bill_unreadable": ""}

_FOLDER = ".github/workflows/"
# They start nothing by themselves: a person or another workflow has to.
_BY_HAND = frozenset({"workflow_dispatch", "workflow_call"})
_SHOWN = 5
_TITLES = {
    "repository": "the repository",
    "permissions": "whether Actions may run",
    "runs": "Z2, the runs since the last release",
    "workflows": "the workflow files of the default branch",
    "usage": "Z1, the billed minutes",
}

EXPLAIN = """\
Asks GitHub about the repository that the environment is published to: whether Actions may run, which workflow files
there are, what ran since the last release (Z2), and how many minutes were billed (Z1). Everything runs on the owner's
machine, so both numbers must be 0. Where the environment is not on GitHub there is nothing to ask. That nobody here can
read the bill may be declared in zero_actions.bill_unreadable of constitution.toml; the runs must be proven anyway."""
_MANAGING = (
    "https://docs.github.com/en/repositories/managing-your-repositorys-settings-and-features/"
    "enabling-features-for-your-repository/managing-github-actions-settings-for-a-repository"
)
_EVENTS = "https://docs.github.com/en/actions/reference/workflows-and-actions/events-that-trigger-workflows"
_BILLING = "https://docs.github.com/en/billing/concepts/product-billing/github-actions"
RULES: Mapping[str, Rule] = {
    "published-workflow": Rule(
        "the output itself contains a workflow, which would run on every release",
        "take the folder .github out of what the build copies to the output",
        _EVENTS,
    ),
    "actions-enabled": Rule(
        "Actions are enabled in the repository, so every release starts a run there",
        "invoke deploy.setup turns them off",
        _MANAGING,
    ),
    "workflow": Rule("a workflow file would run by itself", "git rm it, and push", _EVENTS),
    "workflow-by-hand": Rule("a workflow runs only when somebody starts it (advice)", "git rm it", _EVENTS),
    "runs": Rule(
        "workflows ran since the last release",
        "find out what started them and remove it, then delete the runs: gh run delete",
        "https://docs.github.com/en/actions/how-tos/manage-workflow-runs/delete-a-workflow-run",
    ),
    "pages-runs": Rule(
        "GitHub published the site by a run of its own",
        "invoke deploy.setup turns Actions off: the branch is then published without one",
        "https://docs.github.com/en/pages/getting-started-with-github-pages/"
        "configuring-a-publishing-source-for-your-github-pages-site",
    ),
    "minutes": Rule("minutes of Actions were billed", "invoke deploy.setup, and look at the bill", _BILLING),
    "bill-unreadable": Rule(
        "GitHub does not tell the bill to this login",
        "gh auth refresh --scopes user, or declare it in zero_actions.bill_unreadable",
        _BILLING,
    ),
}


def unavailable(tools: Tools) -> str | None:
    """Return None: whether GitHub answers shows only when it is asked."""
    return None


def inputs(subject: Subject) -> Digest:
    """Return the digest of the published workflow files and the place; on GitHub it holds for a minute.

    So one chain of tasks asks once, and who has mended something need not wait.
    """
    minute = subject.moment[: len("2026-01-01T00:00")] if subject.hub else ""
    return digest(NAME, VERSION, published(subject), subject.hub, subject.branch, minute)


def published(subject: Subject) -> list[str]:
    """Return the workflow files that the site itself would publish."""
    return [file.path for file in subject.files if is_workflow(file.path)]


def is_workflow(path: str) -> bool:
    """Whether GitHub takes a file for a workflow."""
    inside = path.removeprefix(_FOLDER)
    return inside != path and "/" not in inside and inside.endswith((".yml", ".yaml"))


def collect(subject: Subject, tools: Tools) -> Evidence:
    """Ask GitHub; raises Unavailable unless everything but the bill could be read."""
    files = published(subject)
    if not subject.hub:
        return Evidence({"published": files}, nothing=f"{subject.environment}: not on GitHub")
    return evidence_of(tools.remote("actions"), subject.environment, files)


def evidence_of(facts: Mapping[str, Any], environment: str, published: Sequence[str]) -> Evidence:
    """Return the evidence in what GitHub told; raises Unavailable where more than the bill is missing.

    A bill that could not be read is None there, and `unread` says why.
    """
    known = {name: value for name, value in facts.items() if name != "unreadable"}
    refused = facts.get("unreadable", [])
    if any(one["what"] != "usage" for one in refused):
        raise _unreadable(known, refused)
    if refused:
        known |= {"usage": None, "unread": {"reason": refused[0]["reason"], "fix": refused[0]["fix"]}}
    return Evidence({**known, "environment": environment, "published": list(published)})


def _unreadable(facts: Mapping[str, Any], refused: Sequence[Mapping[str, Any]]) -> Unavailable:
    """Return why there is no evidence, with what could be read none the less."""
    runs, used = facts.get("runs"), facts.get("usage")
    said = [f"{_TITLES[one['what']]}: {one['reason']}" for one in refused]
    said += [f"{_TITLES['runs']}: {runs['total']:,}"] if runs else []
    said += [f"{_TITLES['usage']}: {total(used):,.0f}"] if used is not None else []
    missing = ", ".join(_TITLES[one["what"]] for one in refused)
    fix = next((one["fix"] for one in refused if one["fix"]), "")
    return Unavailable(f"GitHub does not tell {missing}", fix, said)


def triggers(text: str) -> tuple[str, ...] | None:
    """Return the events that start a workflow, None when the file is no workflow that can be read."""
    import yaml

    try:
        value = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError):
        return None
    # YAML 1.1 takes a bare `on` for true, GitHub does not.
    events = value.get("on", value.get(True)) if isinstance(value, dict) else None
    if isinstance(events, str):
        return (events,)
    if isinstance(events, list | dict) and events:
        return tuple(map(str, events))
    return None


def total(usage: Sequence[Mapping[str, Any]]) -> float:
    """Return the minutes of a bill's lines."""
    return float(sum(one["quantity"] for one in usage))


def judge(evidence: Evidence, limits: Limits) -> list[Finding]:
    """Return what runs, ran, or would run."""
    facts = evidence.data
    found = [_published(path) for path in facts["published"]]
    if evidence.nothing:
        return found
    enabled = bool(facts["permissions"]["enabled"])
    if enabled:
        found.append(_enabled(facts))
    found += [one for each in facts["workflows"] if (one := _workflow(facts, each))]
    found += _runs(facts, limits, enabled=enabled)
    found += _minutes(facts, limits) if facts["usage"] is not None else [_unread(facts, limits)]
    return found


def measures(evidence: Evidence, limits: Limits) -> list[Measure]:
    """Return Z1, the billed minutes, and Z2, the runs: each by itself, for one does not follow from the other."""
    if evidence.nothing:
        return []
    facts = evidence.data
    since = facts["release"] or "30 days ago"
    runs = Measure("Z2 workflow runs", facts["runs"]["total"], limits.get("runs", 0), where=since)
    if facts["usage"] is None:
        return [runs]
    minutes = Measure("Z1 billed minutes", total(facts["usage"]), limits.get("minutes", 0), "min", since)
    return [minutes, runs]


def _published(path: str) -> Finding:
    return Finding(
        "published-workflow",
        f"the output contains the workflow {path}, which would run on every release",
        path=path,
        fix="take the folder .github out of what the build copies to the output",
    )


def _enabled(facts: Mapping[str, Any]) -> Finding:
    return Finding(
        "actions-enabled",
        f"Actions are enabled in {facts['repository']}: every release starts a run there",
        fix=f"invoke deploy.setup --env={facts['environment']} turns them off; by hand: "
        f"https://{facts['host']}/{facts['repository']}/settings/actions, Disable actions",
    )


def _workflow(facts: Mapping[str, Any], file: Mapping[str, Any]) -> Finding | None:
    events = triggers(file["text"])
    path, branch = file["path"], facts["default_branch"]
    if events is None:
        text = f"{path} on {branch} cannot be read as a workflow: GitHub notes a failed run for each push"
    elif set(events) <= _BY_HAND:
        text = f"{path} on {branch} runs only when somebody starts it"
        return Finding("workflow-by-hand", text, blocking=False, path=path, fix=f"git rm {path}")
    else:
        text = f"{path} on {branch} would run on {', '.join(sorted(events))}"
    return Finding("workflow", text, path=path, fix=f"git rm {path}, and push {branch}")


def _runs(facts: Mapping[str, Any], limits: Limits, *, enabled: bool) -> Iterator[Finding]:
    """Judge the runs since the last release; before the first one they are none of ours."""
    listed = facts["runs"]["newest"]
    pages = [one for one in listed if of_pages(one)]
    own = [one for one in listed if not of_pages(one)]
    # Only the newest hundred are listed, and what is not listed counts as a workflow's.
    count = facts["runs"]["total"] - len(pages)
    if count > limits.get("runs", 0):
        yield Finding(
            "runs",
            f"{count_text(count, 'workflow run')} in {facts['repository']} since {_since(facts)}",
            blocking=facts["release"] is not None,
            measured=count,
            limit=limits.get("runs", 0),
            unit="runs",
            details=tuple(_lines(own)),
            fix="find out what started them and remove it; then, one by one: "
            f"gh run delete --repo {facts['repository']} <number>",
        )
    if pages:
        off = "" if enabled else "; Actions are off by now"
        text = f"GitHub published {facts['repository']} by {count_text(len(pages), 'run')} of its own{off}"
        yield Finding(
            "pages-runs",
            text,
            # They bill nothing and cannot come again; while Actions are on, they will.
            blocking=enabled and facts["release"] is not None,
            measured=len(pages),
            limit=limits.get("runs", 0),
            unit="runs",
            details=tuple(_lines(pages)),
            fix=f"invoke deploy.setup --env={facts['environment']}" if enabled else "",
        )


def _minutes(facts: Mapping[str, Any], limits: Limits) -> Iterator[Finding]:
    """Judge the bill; it knows days only, so minutes of the release's own day may be from before it."""
    used = facts["usage"]
    count, limit = total(used), limits.get("minutes", 0)
    if count <= limit:
        return
    day = facts["since"][:10]
    later = total([one for one in used if one["date"] > day])
    ran = any(not of_pages(one) for one in facts["runs"]["newest"])
    same = "" if later > limit or ran else ", all on its day and perhaps before it"
    yield Finding(
        "minutes",
        f"{count:,.0f} minutes of Actions on the bill of {facts['repository']} since {_since(facts)}{same}",
        blocking=facts["release"] is not None and not same,
        measured=count,
        limit=limit,
        unit="min",
        details=tuple(f"{one['date']}  {one['quantity']:,.0f} min  {one['sku']}" for one in used[:_SHOWN]),
        fix=f"invoke deploy.setup --env={facts['environment']}, and look at https://{facts['host']}/settings/billing",
    )


def _unread(facts: Mapping[str, Any], limits: Limits) -> Finding:
    """Say that nobody knows the bill: in the way of production unless the policy says that nobody can read it."""
    why = limits.get("bill_unreadable", "").strip()
    unread = facts["unread"]
    runs = facts["runs"]["total"]
    told = (f"{_TITLES['usage']}: {unread['reason']}", f"{_TITLES['runs']}: {runs:,}")
    if why:
        text = f"{_TITLES['usage']}: unavailable (declared): {why}"
        return Finding("bill-unreadable", text, blocking=False, details=told, unmeasured=True)
    return Finding(
        "bill-unreadable",
        f"GitHub does not tell {_TITLES['usage']}",
        details=told,
        fix=unread["fix"],
        unmeasured=True,
    )


def of_pages(run: Mapping[str, Any]) -> bool:
    """Whether GitHub started a run by itself to publish a branch."""
    return str(run["path"]).startswith("dynamic/pages/")


def _since(facts: Mapping[str, Any]) -> str:
    return str(facts["release"] or facts["since"][:10])


def _lines(runs: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for one in runs[:_SHOWN]:
        yield f"{one['created']}  {one['event']}  {one['name']}  {one['url']}"
    if len(runs) > _SHOWN:
        yield f"and {len(runs) - _SHOWN:,} more"
