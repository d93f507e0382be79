"""From a judged artifact to a proven live release, and back."""
