"""serial_jmap.py SESSION_URL CA_FILE USER FOLDER [LIMIT]: the loop that mailpipe is measured against.

It does what a short script does: list the ids, ask for their metadata, then fetch one message after the other, each over a
connection of its own, and write each to a file. No sync, no ledger, no check of what arrived: what it leaves out is in its
favour. The password comes from BENCH_PASSWORD. LIMIT: so many messages of the listing are fetched. Prints one JSON object.
"""

import base64
import http.client
import json
import os
import re
import ssl
import sys
import time
import urllib.parse


class Client:
    """One connection a request, as with requests.get()."""

    def __init__(self, url, ca_file, user, password):
        self.base = url
        self.tls = ssl.create_default_context(cafile=ca_file)
        login = base64.b64encode(f"{user}:{password}".encode()).decode()
        self.headers = {"Authorization": "Basic " + login, "Connection": "close"}
        self.requests = 0

    def ask(self, url, body=None):
        parts = urllib.parse.urlsplit(urllib.parse.urljoin(self.base, url))
        connection = http.client.HTTPSConnection(parts.hostname, parts.port, timeout=300, context=self.tls)
        headers = dict(self.headers)
        if body is not None:
            headers["Content-Type"] = "application/json"
        path = parts.path + ("?" + parts.query if parts.query else "")
        connection.request("GET" if body is None else "POST", path, body, headers)
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        self.requests += 1
        if answer.status != 200:
            raise RuntimeError(f"{url}: HTTP {answer.status}")
        return data

    def call(self, url, account, method, arguments):
        request = {
            "using": ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail"],
            "methodCalls": [[method, {"accountId": account, **arguments}, "0"]],
        }
        name, result, _ = json.loads(self.ask(url, json.dumps(request)))["methodResponses"][0]
        if name != method:
            raise RuntimeError(f"{method}: {result}")
        return result


def list_messages(client, api, account):
    page, messages = 500, []
    while True:
        query = {
            "sort": [{"property": "receivedAt", "isAscending": True}],
            "position": len(messages),
            "limit": page,
            "calculateTotal": True,
        }
        found = client.call(api, account, "Email/query", query)
        if not found["ids"]:
            return messages
        wanted = {"ids": found["ids"], "properties": ["id", "blobId", "subject", "receivedAt"]}
        messages += client.call(api, account, "Email/get", wanted)["list"]
        if len(messages) >= found["total"]:
            return messages


def file_name(message):
    when = re.sub("[-:]", "", message["receivedAt"][:19]).replace("T", "_")
    subject = re.sub(r"[^\w ]", "", message["subject"] or "").strip().replace(" ", "_")[:50]
    return f"{when}_{message['id']}_{subject}.eml"


def main():
    url, ca_file, user, folder = sys.argv[1:5]
    begin = time.monotonic()
    client = Client(url, ca_file, user, os.environ["BENCH_PASSWORD"])
    session = json.loads(client.ask(url))
    account = session["primaryAccounts"]["urn:ietf:params:jmap:mail"]
    messages = list_messages(client, session["apiUrl"], account)
    listed = time.monotonic()
    fetch = messages[: int(sys.argv[5])] if len(sys.argv) > 5 else messages
    for message in fetch:
        target = session["downloadUrl"]
        values = {"accountId": account, "blobId": message["blobId"], "name": "email.eml", "type": "message/rfc822"}
        for name, value in values.items():
            target = target.replace("{" + name + "}", urllib.parse.quote(value, safe=""))
        with open(os.path.join(folder, file_name(message)), "wb") as file:
            file.write(client.ask(target))
    end = time.monotonic()
    print(json.dumps({
        "listed": len(messages), "fetched": len(fetch), "requests": client.requests,
        "list_seconds": listed - begin, "fetch_seconds": end - listed,
    }))


main()
