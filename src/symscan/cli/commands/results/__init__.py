"""What the commands do that read runs afterwards."""
