"""How visible brands are in assistants' answers: reading answers, and what a sample of them tells about all. Without
Django or the project."""
