"""What goes wrong and can be mended by the user."""


class UserError(ValueError):
    """Something that the user can mend; the message says what and where, in one line."""
