"""What the console talks to: nodes, memory, secrets. asyncio, no Qt, no words for people."""
