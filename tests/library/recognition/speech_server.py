"""A server that speaks the interface of OpenAI's transcriptions, and hears lengths instead of words.

    python speech_server.py PORT_FILE LOG [STALL_AT]

It answers every WAV file with a segment for each of its seconds. LOG gets a line for each request;
at request STALL_AT it does not answer any more.
"""

import email
import http.server
import io
import json
import pathlib
import sys
import time
import wave


def seconds_of(body: bytes, content_type: str) -> tuple[dict[str, str], float]:
    """The fields of the form, and how long its file is."""
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    message = email.message_from_bytes(head + body)
    fields, seconds = {}, 0.0
    for part in message.get_payload():
        name = part.get_param("name", header="content-disposition")
        data = part.get_payload(decode=True)
        if name == "file":
            with wave.open(io.BytesIO(data)) as file:
                seconds = file.getnframes() / file.getframerate()
        else:
            fields[name] = data.decode()
    return fields, seconds


class Hearing(http.server.BaseHTTPRequestHandler):
    heard = 0

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        fields, seconds = seconds_of(body, self.headers["Content-Type"])
        with pathlib.Path(sys.argv[2]).open("a") as log:
            log.write(
                json.dumps([self.path, self.headers["Authorization"], fields, seconds]) + "\n"
            )
        Hearing.heard += 1
        if len(sys.argv) > 3 and Hearing.heard == int(sys.argv[3]):
            time.sleep(60)
        self.reply(fields, seconds)

    def reply(self, fields: dict[str, str], seconds: float) -> None:
        status, document = 200, {"text": "", "language": "english", "segments": []}
        if fields["model"] == "none":
            status, document = 404, {"error": {"message": "no such\nmodel"}}
        elif fields["model"] == "bare":
            document = {"text": "words without times"}
        else:
            for second in range(int(seconds)):
                part = {"start": second, "end": second + 1.0, "text": f" second {second} "}
                document["segments"].append(part)
        data = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None: ...


if __name__ == "__main__":
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hearing)
    server.daemon_threads = True
    pathlib.Path(sys.argv[1]).write_text(str(server.server_port))
    server.serve_forever()
