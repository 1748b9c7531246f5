"""Errors that are meant for a person: one sentence, no traceback."""


class UserError(Exception):
    """Something the user gave cannot be used.

    The message is one clear sentence (or two): what was given, what was expected, what to do.
    The command line prints it and ends with exit code 2; the window shows it in its message bar.
    """
