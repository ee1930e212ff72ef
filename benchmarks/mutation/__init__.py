"""Changes a sample of the code, one small thing at a time, and says what no test notices."""
