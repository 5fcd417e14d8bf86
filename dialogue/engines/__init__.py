"""Text engines behind langchain-core's `BaseChatModel`, one file each."""
