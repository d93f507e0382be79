"""A site: what it is, how it is built, and the artifact that comes out."""
