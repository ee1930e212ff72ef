"""Commands, a module each: ``HELP``, what ``configure`` adds to its parser, and what ``run`` does.

A module here is a command of its own name.
"""
