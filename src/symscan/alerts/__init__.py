"""Messages to people: rules decide with the step, a process of its own sends."""
