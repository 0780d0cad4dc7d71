"""What the mail servers offer in their SMTP dialogue beyond taking mail."""
