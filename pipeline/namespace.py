"""The root collection: which command module is which namespace."""

from __future__ import annotations

from invoke import Collection

from pipeline.commands import (
    build,
    check,
    compliance,
    demo,
    deploy,
    develop,
    home,
    phases,
    project,
    promote,
    releases,
    serve,
    ts,
)
from pipeline.core import paths

# Only a checkout has something to develop.
_own = () if paths.checkout() is None else (develop.test, develop.lock)

ns = Collection(
    home.home,
    home.status,
    demo.demo,
    project.init,
    project.doctor,
    project.settings,
    build.build,
    serve.serve,
    deploy.rollback,
    promote.promote,
    deploy.verify,
    check.ns,
    compliance.ns,
    deploy.ns,
    releases.ns,
    ts.ns,
    phases.phase41,
    phases.phase42,
    *_own,
)
