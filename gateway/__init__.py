"""The case gateway: links customers' mail replies to support cases and sends the notices of the support process."""

__version__ = "0.1.0"
