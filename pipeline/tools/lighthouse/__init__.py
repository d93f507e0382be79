"""Lighthouse behind one adapter: a worker with a warm browser, or Lighthouse CI; what both say is read in one way."""
