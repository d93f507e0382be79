"""The production pipeline for static TypeScript sites on GitHub Pages."""

__version__ = "0.1.0"
