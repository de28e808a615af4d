"""PayPal: Orders v2, captured when the member comes back, and webhooks proven here."""
