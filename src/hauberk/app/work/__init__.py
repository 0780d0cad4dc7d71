"""What is done in the background: scans, reports, watching, telling. What is to be done lives in the store; workers do it."""
