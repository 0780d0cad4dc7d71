"""What all of it means to the servers that send mail here."""
