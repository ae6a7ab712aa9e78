"""What runs the platform: the native runner, Docker Compose, the command line and the far ends it talks to."""
