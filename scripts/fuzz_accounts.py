"""Signs schemathesis in: a fresh account, and a fresh log-in whenever a session has ended.

Without it a generated "log out everywhere" would leave the rest of the run anonymous.
"""

import os
import secrets

import requests
import schemathesis

API = os.environ["FUZZED_API"]
ACCOUNT = {
    "email": f"fuzz-{secrets.token_hex(8)}@example.org",
    "name": "Fuzz",
    "password": secrets.token_urlsafe(24),
}


def post(path, body):
    """The JSON answer to a request that has to succeed."""
    response = requests.post(API + path, json=body, timeout=30)
    response.raise_for_status()
    return response.json()


# At import, so that a backend which lets nobody register ends the run before it begins.
post("/api/v1/users", ACCOUNT)


@schemathesis.auth(refresh_interval=120, retry_on=[401])
class Account:
    """Every request carries the access token of one account."""

    def get(self, case, context):
        """Logs in."""
        form = {"email": ACCOUNT["email"], "password": ACCOUNT["password"]}
        return post("/api/v1/sessions", form)["access_token"]

    def set(self, case, token, context):
        """Sends the token; to the operators' routes theirs."""
        if case.operation.path.startswith("/operations/"):
            token = os.environ["OPERATIONS_TOKEN"]
        case.headers["Authorization"] = f"Bearer {token}"
