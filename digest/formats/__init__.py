"""How dates are written where Django writes them by itself, which is in the admin: found by settings.FORMAT_MODULE_PATH."""
