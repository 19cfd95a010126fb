"""Recording a session's inputs, and replaying them to resume it."""
