"""Run folders: what is kept in them, and how it is read again."""
