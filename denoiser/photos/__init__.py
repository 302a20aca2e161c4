"""Photographs restored at their depth, singly and in bulk."""
