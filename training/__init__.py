"""Tusk's training recipe."""
