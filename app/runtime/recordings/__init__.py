"""Recordings from beginning to end, without a screen: predict, personalize, write results."""
