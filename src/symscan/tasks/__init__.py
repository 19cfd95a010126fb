"""Many tasks in many processes: of this computer, or of a cluster's; none of them knows what a task is of."""
