"""Photographs on disk: every bit, alpha channel, profile and tag in, and out again."""
