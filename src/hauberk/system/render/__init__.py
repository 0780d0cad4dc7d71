"""From a declaration to the files of a host; pure."""
