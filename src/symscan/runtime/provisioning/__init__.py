"""Loading the data that plug-ins request, and giving it to them between slices."""
