"""Clusters: members of a database or broker cluster are killed, paused, cut off or switched under load."""
