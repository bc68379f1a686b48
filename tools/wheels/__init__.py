"""Wheels for other systems than this one: how they are built, looked at and tried here."""
