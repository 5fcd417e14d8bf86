"""`python -m bot.commands`: the same as `groundtalk`, for launchers that start one process a GPU."""

from bot.commands import main

if __name__ == "__main__":
    main()
