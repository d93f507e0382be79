"""Repairing the TypeScript of a site: causes, language worker, strategies, verified rounds, proof and report."""
