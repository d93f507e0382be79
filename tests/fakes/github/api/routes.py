"""Every route of the API."""

from __future__ import annotations

from tests.fakes.github.api import account, actions, deployments, gitdata, pages, rulesets
from tests.fakes.github.api.routing import Route

_R = "/repos/{owner}/{repo}"
_D = f"{_R}/deployments"
_G = f"{_R}/git"

ROUTES = (
    Route("GET", "/", account.root, scope="", public=True),
    Route("GET", "/rate_limit", account.rate_limit, scope="", public=True),
    Route("POST", "/api/graphql", account.graphql, scope=""),
    Route("POST", "/graphql", account.graphql, scope=""),
    Route("GET", "/user", account.viewer, scope=""),
    Route("POST", "/user/repos", account.create),
    Route("POST", "/orgs/{account}/repos", account.create),
    Route("GET", "/users/{account}", account.account, scope="", public=True),
    Route("GET", "/users/{account}/settings/billing/usage", account.usage, scope=""),
    Route("GET", "/organizations/{account}/settings/billing/usage", account.usage, scope=""),
    Route("GET", "/users/{account}/settings/billing/actions", account.gone, scope=""),
    Route("GET", "/orgs/{account}/settings/billing/actions", account.gone, scope=""),
    Route("GET", _R, account.show, public=True),
    Route("PATCH", _R, account.change),
    Route("GET", f"{_R}/pages", pages.show),
    Route("POST", f"{_R}/pages", pages.create),
    Route("PUT", f"{_R}/pages", pages.update),
    Route("DELETE", f"{_R}/pages", pages.delete),
    Route("GET", f"{_R}/pages/builds", pages.builds),
    Route("POST", f"{_R}/pages/builds", pages.request_build),
    Route("GET", f"{_R}/pages/builds/{{build}}", pages.build),
    Route("GET", f"{_R}/pages/health", pages.health),
    Route("GET", f"{_R}/actions/permissions", actions.permissions),
    Route("PUT", f"{_R}/actions/permissions", actions.set_permissions),
    Route("GET", f"{_R}/actions/runs", actions.runs, public=True),
    Route("GET", f"{_R}/actions/runs/{{run}}", actions.run, public=True),
    Route("GET", f"{_R}/actions/workflows", actions.workflows, public=True),
    Route("GET", f"{_R}/rulesets", rulesets.index, public=True),
    Route("POST", f"{_R}/rulesets", rulesets.create),
    Route("GET", f"{_R}/rulesets/{{ruleset}}", rulesets.show, public=True),
    Route("PUT", f"{_R}/rulesets/{{ruleset}}", rulesets.update),
    Route("DELETE", f"{_R}/rulesets/{{ruleset}}", rulesets.delete),
    Route("GET", f"{_R}/rules/branches/{{branch+}}", rulesets.of_branch, public=True),
    Route("GET", _D, deployments.index, public=True),
    Route("POST", _D, deployments.create),
    Route("GET", f"{_D}/{{deployment}}", deployments.show, public=True),
    Route("GET", f"{_D}/{{deployment}}/statuses", deployments.statuses, public=True),
    Route("POST", f"{_D}/{{deployment}}/statuses", deployments.create_status),
    Route("GET", f"{_G}/ref/{{ref+}}", gitdata.ref, public=True),
    Route("GET", f"{_G}/refs", gitdata.refs, public=True),
    Route("GET", f"{_G}/matching-refs/{{ref+}}", gitdata.refs, public=True),
    Route("POST", f"{_G}/refs", gitdata.create_ref),
    Route("PATCH", f"{_G}/refs/{{ref+}}", gitdata.update_ref),
    Route("DELETE", f"{_G}/refs/{{ref+}}", gitdata.delete_ref),
    Route("POST", f"{_G}/commits", gitdata.create_commit),
    Route("GET", f"{_G}/commits/{{sha}}", gitdata.commit, public=True),
    Route("POST", f"{_G}/trees", gitdata.create_tree),
    Route("GET", f"{_G}/trees/{{sha}}", gitdata.tree, public=True),
    Route("POST", f"{_G}/blobs", gitdata.create_blob),
    Route("GET", f"{_G}/blobs/{{sha}}", gitdata.blob, public=True),
    Route("GET", f"{_R}/branches", gitdata.branches, public=True),
    Route("GET", f"{_R}/branches/{{branch+}}", gitdata.branch, public=True),
    Route("GET", f"{_R}/contents", gitdata.contents, public=True),
    Route("GET", f"{_R}/contents/{{path+}}", gitdata.contents, public=True),
)
