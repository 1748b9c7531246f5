"""What runs without a screen: capture, the live session, recordings. Nothing here knows Qt."""
