"""A far end that speaks enough of Stripe's API for development, tests and fault drills."""
