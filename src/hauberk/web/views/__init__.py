"""From records of the store to what a page shows: pure, without I/O, and the clock is an argument."""
