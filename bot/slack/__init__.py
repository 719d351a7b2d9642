"""The Slack room: Bolt's listeners, and everything else that knows Slack."""
