"""The reader's language: messages, and the forms of figures and dates."""
