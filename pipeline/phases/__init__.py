"""Ordered lists of steps over the areas."""
