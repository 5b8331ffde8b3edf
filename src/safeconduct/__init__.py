"""safeconduct: a joint security management system for parties who do not fully trust each other."""

__version__ = "0.1.0"
