"""Values as a person reads them: amounts, choices, charts, code."""
