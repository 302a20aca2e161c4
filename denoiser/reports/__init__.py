"""Run folders to tables and pages."""
