"""The reader's language: messages, and formats of numbers and dates."""
