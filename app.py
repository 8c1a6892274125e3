"""The application: `hypercorn app:app`, or `python app.py`, which serves it with the settings of `.env`."""

from driftsentry.cli import app_or_exit, serve_app

app = app_or_exit()

if __name__ == "__main__":
    serve_app(app)
