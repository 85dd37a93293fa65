"""Mails going out."""
