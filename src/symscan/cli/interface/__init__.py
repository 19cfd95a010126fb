"""What commands take: arguments, options and help; each imports its command when it is called."""
