"""The Teams room: botbuilder's adapter, and everything else that knows Teams."""
