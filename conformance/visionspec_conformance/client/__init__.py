"""Checks of a client: it runs against a fresh mock server, and what it sent is judged afterwards."""
