"""The browser console: a platform of our own, for practice. People, rooms, posts, cards and forms as plain web pages."""
