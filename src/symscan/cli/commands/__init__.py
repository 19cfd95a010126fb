"""The commands, a module each; loaded when one is called."""
