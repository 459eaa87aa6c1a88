"""One service that reads and explains for many processes of the app, over HTTP."""
