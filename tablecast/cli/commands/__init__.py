"""Commands, a module each: ``HELP``, what ``configure`` adds to its parser, and what ``run`` does.

``NAME_command.py`` is the command NAME.
"""
