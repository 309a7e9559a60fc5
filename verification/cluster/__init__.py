"""Clusters: members of a database or broker cluster are killed, paused, isolated or switched under load."""
