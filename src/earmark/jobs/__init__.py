"""What happens later or repeatedly, and what others should hear of: durable jobs and the outbox of events."""
