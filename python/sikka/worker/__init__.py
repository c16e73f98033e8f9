"""What happens without anybody asking: relay, delivery, checks, expiry, housekeeping."""
