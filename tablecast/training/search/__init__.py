"""The search behind ``train --model auto``: features, estimators, tuning and blends in a budget."""
