"""From a photo to labels: files, faces, networks, and the words for people."""
