"""A rollback through GitHub's REST API alone, for when git cannot push: nothing is built, copied or uploaded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from pipeline.core import ui
from pipeline.core.errors import Code, Stop
from pipeline.deploy.ledger import Remote
from pipeline.deploy.publish import Draft
from pipeline.deploy.target import Target
from pipeline.tools.git import Git
from pipeline.tools.github import Hub, Refused, must

Entry = Mapping[str, str | None]


def publish(hub: Hub, target: Target, draft: Draft, before: str | None) -> str:
    """Publish a draft whose tree GitHub has already (a release's), and return the commit.

    `before` is the commit at which the pages branch is expected (None: it is not there). The commit follows it, so
    GitHub moves the branch only from there: a fast-forward is the compare-and-swap, as it is in a push. The release's
    branch comes first, because a live release without its branch would be worse than a branch that never went live.
    The commit is the one that `stage` makes of the draft, byte for byte, unless that one is signed.
    Raises Stop (5), which says what was made; the old release is live then. Stop (7): GitHub could not be asked.
    """
    made: list[str] = []
    try:
        _expect(hub, target, before)
        with ui.step("commit through the API") as step:
            commit = _commit(hub, draft, made)
            step.note = commit[:10]
        with ui.step(f"move {target.branch} through the API") as step:
            hub.create_ref(f"refs/heads/{draft.name}", commit)
            made.append(f"branch {draft.name}")
            if before is None:
                hub.create_ref(f"refs/heads/{target.branch}", commit)
            else:
                hub.update_ref(f"heads/{target.branch}", commit)
            step.note = draft.name
    except Refused as refused:
        raise _stopped(refused, hub, target, before, made) from refused
    return commit


def read_remote(hub: Hub, target: Target) -> Remote:
    """Return what `ledger.read_remote` does, for when git cannot even read; raises Stop (7)."""
    heads = must(hub.branches())
    return Remote(heads, target.branch, target.audit_branch)


def append_audit(hub: Hub, target: Target, git: Git, commit: str, before: str | None) -> bool:
    """Make the audit commit that is in the object store on GitHub too, byte for byte, and move the audit branch to it.

    GitHub moves it only from `before` (None: it is not there). Returns whether it went through.
    """
    raw = git.run("cat-file", "commit", commit).out.decode("utf-8", "replace")
    head, text = raw.split("\n\n", 1)
    who, seconds, _ = head.rsplit("committer ", 1)[1].split("\n", 1)[0].rsplit(" ", 2)
    parents = [line.split()[1] for line in head.splitlines() if line.startswith("parent ")]
    try:
        tree = _tree_of(hub, git, commit)
        made = hub.create_commit(text, tree, parents, who, datetime.fromtimestamp(int(seconds), tz=UTC))
        if before is None:
            hub.create_ref(f"refs/heads/{target.audit_branch}", made)
        else:
            hub.update_ref(f"heads/{target.audit_branch}", made)
    except Refused as refused:
        ui.say(f"the audit log: {refused.message}", style="dim")
        return False
    if made == commit:
        git.try_run("update-ref", target.audit_ref, commit)
    return True


def _tree_of(hub: Hub, git: Git, commit: str) -> str:
    """Return a commit's topmost tree as GitHub has it: folders are there already, files are stored on the way."""
    tree = git.text("rev-parse", f"{commit}^{{tree}}")
    listing = git.run("ls-tree", "-z", tree).out.decode().split("\0")
    rows: list[Entry] = []
    for line in filter(None, listing):
        about, _, path = line.partition("\t")
        mode, kind, oid = about.split()
        if kind == "blob":
            oid = hub.create_blob(git.run("cat-file", "blob", oid).out)
        rows.append({"path": path, "mode": mode, "type": kind, "sha": oid})
    # GitHub makes no empty tree, and knows the one that there is.
    return hub.create_tree(None, rows) if rows else tree


def _expect(hub: Hub, target: Target, before: str | None) -> None:
    if must(hub.ref(f"heads/{target.branch}")) != before:
        raise _lost(target, [])


def _commit(hub: Hub, draft: Draft, made: list[str]) -> str:
    tree = hub.create_tree(draft.tree, list(entries(hub, draft)))
    made.append(f"tree {tree[:10]}")
    commit = hub.create_commit(draft.message(), tree, draft.parents, draft.who, draft.when)
    made.append(f"commit {commit[:10]}")
    return commit


def entries(hub: Hub, draft: Draft) -> Iterator[Entry]:
    """Return what lies over the draft's tree; its few small files are stored on the way."""
    for path, tree in sorted(draft.subtrees.items()):
        yield {"path": path, "mode": "040000", "type": "tree", "sha": tree}
    for path, oid in sorted(draft.overlay.kept.items()):
        yield {"path": path, "mode": "100644", "type": "blob", "sha": oid}
    for path, data in sorted(draft.overlay.files.items()):
        yield {"path": path, "mode": "100644", "type": "blob", "sha": hub.create_blob(data)}


def _stopped(refused: Refused, hub: Hub, target: Target, before: str | None, made: list[str]) -> Stop:
    now = hub.ref(f"heads/{target.branch}")
    if isinstance(now, str | None) and now != before:
        return _lost(target, made)
    live = "the old release is still live" if now == before else "whether it went through could not be read"
    text = f"publishing to {target.name} through the API failed; {live}: {refused.message}"
    hint = refused.hint or "mend the cause, then run the same command again"
    return Stop(text, hint, Code.PUBLISH, _left(made))


def _lost(target: Target, made: list[str]) -> Stop:
    text = f"somebody else published to {target.name} meanwhile; nothing of yours was published"
    hint = f"invoke releases --env={target.name}, then run the same command again"
    return Stop(text, hint, Code.PUBLISH, _left(made))


def _left(made: list[str]) -> tuple[str, ...]:
    return (f"made and not live: {', '.join(made)}; it is in nobody's way",) if made else ()
