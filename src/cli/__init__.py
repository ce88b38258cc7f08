"""What the commands share: their options, exit statuses and error lines."""
