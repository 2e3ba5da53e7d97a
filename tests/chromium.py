"""A headless Chromium that opens a page and says what it saw: driven through its debugging pipe, without a network."""

import base64
import json
import os
import select
import shutil
import subprocess
import time
from io import BytesIO

from PIL import Image as Picture

PROGRAM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
QUIET = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--hide-scrollbars",
]
SOFTWARE_WEBGL = ("--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader")
NO_WEBGL = ("--disable-3d-apis",)
PATIENCE_S = 180


class Chromium:
    """A browser with its own empty profile. complaints: errors and warnings of the page. asked: what it fetched."""

    def __init__(self, profile, *flags):
        self.complaints, self.asked, self._last, self._buffer = [], [], 0, b""
        (their_in, self._out), (self._in, their_out) = os.pipe(), os.pipe()
        command = [PROGRAM, *QUIET, *flags, f"--user-data-dir={profile}", "--remote-debugging-pipe", "about:blank"]
        pipes = f'exec "$@" 3<&{their_in} 4>&{their_out}'
        self._process = subprocess.Popen(
            ["bash", "-c", pipes, "bash", *command], pass_fds=(their_in, their_out), stderr=subprocess.DEVNULL
        )
        os.close(their_in)
        os.close(their_out)
        pages = self._send("Target.getTargets")["targetInfos"]
        page = next(target["targetId"] for target in pages if target["type"] == "page")
        self._session = None
        self._session = self._send("Target.attachToTarget", targetId=page, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self._send(f"{domain}.enable")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.terminate()
        self._process.wait(20)
        os.close(self._out)
        os.close(self._in)

    def open(self, path, width=1400, height=900, dark=False, scripts=True):
        """Loads a file and waits until it is loaded."""
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._send("Emulation.setEmulatedMedia", features=[scheme])
        self._send("Emulation.setScriptExecutionDisabled", value=not scripts)
        self._send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self._loaded = False
        self._send("Page.navigate", url=path.as_uri())
        self._until(lambda: self._loaded)

    def evaluate(self, script):
        """The value of a script in the page."""
        found = self._send("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def wait_for(self, script):
        """Waits until a script in the page is true."""
        self._until(lambda: self.evaluate(script), pause_s=0.05)

    def picture(self, selector=None):
        """The window, or the element that the selector names, as a picture."""
        clip = {}
        if selector:
            box = f"(({json.dumps(selector)}, document.querySelector({json.dumps(selector)}).getBoundingClientRect()))"
            left, top, width, height = self.evaluate(
                f"(() => {{ const b = {box}; return [b.x + scrollX, b.y + scrollY, b.width, b.height] }})()"
            )
            clip = {"clip": {"x": left, "y": top, "width": width, "height": height, "scale": 1}}
        data = self._send("Page.captureScreenshot", captureBeyondViewport=bool(selector), **clip)["data"]
        return Picture.open(BytesIO(base64.b64decode(data))).convert("RGB")

    def _send(self, method, **params):
        self._last += 1
        wanted, session = self._last, {"sessionId": self._session} if getattr(self, "_session", None) else {}
        os.write(self._out, json.dumps({"id": wanted, "method": method, "params": params} | session).encode() + b"\0")
        while True:
            message = self._message()
            if message.get("id") == wanted:
                assert "error" not in message, f"{method}: {message['error']}"
                return message["result"]
            self._hear(message)

    def _message(self):
        end = time.monotonic() + PATIENCE_S
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._in], [], [], max(end - time.monotonic(), 0))
            assert ready, "the browser said nothing in time"
            piece = os.read(self._in, 1 << 20)
            assert piece, "the browser is gone"
            self._buffer += piece
        text, _, self._buffer = self._buffer.partition(b"\0")
        return json.loads(text)

    def _hear(self, message):
        method, params = message.get("method"), message.get("params", {})
        if method == "Page.loadEventFired":
            self._loaded = True
        elif method == "Runtime.exceptionThrown":
            self.complaints.append(str(params["exceptionDetails"]))
        elif method == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning", "assert"):
            self.complaints.append(str([thing.get("value") for thing in params["args"]]))
        elif method == "Log.entryAdded" and params["entry"]["level"] == "error":
            self.complaints.append(str(params["entry"]))
        elif method == "Network.requestWillBeSent":
            self.asked.append(params["request"]["url"])

    def _until(self, true, pause_s=0.0):
        end = time.monotonic() + PATIENCE_S
        while not true():
            assert time.monotonic() < end, "the page did not come to it in time"
            self._send("Browser.getVersion") if not pause_s else time.sleep(pause_s)
