"""Which case does a mail belong to?  Pure.

Reading order: reference_id (what an ID is), sighting (where one stands in a text), extract (which stand in a mail),
match (which case), hints (which cases a person may want).
"""
