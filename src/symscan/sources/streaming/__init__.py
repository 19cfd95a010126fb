"""A feed's bars as slices, whatever the feed loses, repeats or corrects."""
