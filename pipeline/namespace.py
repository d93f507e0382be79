"""The root collection: which command module is which namespace."""

from __future__ import annotations

from invoke import Collection

from pipeline.commands import build, check, demo, deploy, develop, home, project, releases, serve
from pipeline.core import paths

ns = Collection(
    home.home,
    home.status,
    demo.demo,
    project.init,
    project.doctor,
    project.settings,
    build.build,
    serve.serve,
    deploy.deploy,
    deploy.rollback,
    deploy.verify,
)
ns.add_collection(check.ns)
ns.add_collection(releases.ns)
if paths.checkout() is not None:
    ns.add_task(develop.test)
    ns.add_task(develop.lock)
