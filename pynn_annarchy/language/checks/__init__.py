"""The rules of the language, one small function each: it passes, or raises with a caret under the user's text."""
