"""`python -m bot.cli`: the same as `groundtalk`, for launchers that start one process a GPU."""

from bot.cli import main

if __name__ == "__main__":
    main()
