"""PyCaret 3.3.2 in three lines: set up, compare, finalize the best.

``pycaret_compare.py TRAIN TEST TARGET TASK BUDGET OUT``. It has no budget either.
"""

from pycaret_stock import compared, main

if __name__ == "__main__":
    main(lambda experiment: compared(experiment)[0])
