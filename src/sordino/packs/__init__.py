"""Probes as people write them: schema, loading, lint, and the packs that ship."""
