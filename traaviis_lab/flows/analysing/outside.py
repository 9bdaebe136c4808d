"""What calls in Python touch: the network, a disk, the clock. Told by their names alone."""

from __future__ import annotations

from typing import Literal

Touch = Literal["outside", "sleep", "say", "clock", "thread"]


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_DOES = {
    "asks the network": (
        "requests httpx urllib.request urllib3 aiohttp http.client socket ssl smtplib imaplib "
        "ftplib poplib telnetlib xmlrpc.client websocket websockets grpc kafka pika paho paramiko "
        "asyncssh twilio stripe slack_sdk sendgrid boto3 botocore aioboto3 google.cloud azure "
        "kubernetes docker nats zmq serial smbus gpiozero RPi"
    ),
    "asks a model": (
        "openai anthropic litellm cohere mistralai ollama groq together replicate transformers "
        "google.generativeai google.genai langchain langchain_core langchain_openai llama_index "
        "instructor huggingface_hub"
    ),
    "asks a database": (
        "sqlite3 duckdb psycopg psycopg2 asyncpg pymysql MySQLdb mysql aiosqlite sqlalchemy redis "
        "pymongo motor cassandra elasticsearch opensearchpy peewee"
    ),
    "runs a program": "subprocess os.system os.popen os.execv os.execvp os.spawnl pexpect sh",
    "touches files": (
        "open io.open shutil tempfile os.remove os.unlink os.rename os.replace os.mkdir "
        "os.makedirs os.rmdir os.listdir os.scandir os.walk os.stat os.open os.write os.read "
        "os.chmod glob.glob glob.iglob aiofiles"
    ),
    "asks at the terminal": "input getpass.getpass",
}
_OUTSIDE = {name: does for does, names in _DOES.items() for name in names.split()}
_PURE = _words(
    "requests.exceptions requests.codes requests.Request httpx.URL httpx.Timeout httpx.Limits "
    "httpx.Headers httpx.Request httpx.BasicAuth sqlite3.Row subprocess.list2cmdline "
    "socket.htons socket.ntohs socket.inet_aton sqlalchemy.text sqlalchemy.select "
    "sqlalchemy.Column aiohttp.ClientTimeout"
)
_FILE_METHODS = _words(
    ".read_text .write_text .read_bytes .write_bytes .unlink .mkdir .rmdir .touch .iterdir "
    ".rglob .symlink_to .hardlink_to"
)
_SLEEPS = {"time.sleep", "asyncio.sleep", "anyio.sleep", "trio.sleep", "gevent.sleep"}
_LOGGERS = ("logging", "loguru.logger", "structlog", "rich.print", "pprint.pprint", "warnings.warn")
_LOG_METHODS = {
    "debug", "info", "warning", "warn", "error", "exception", "critical", "log", "success",
}  # fmt: skip
_CLOCKS = _words(
    "time.time time.time_ns time.monotonic time.perf_counter time.localtime time.gmtime "
    "datetime.datetime.now datetime.datetime.utcnow datetime.datetime.today "
    "datetime.date.today datetime.now datetime.utcnow date.today random secrets uuid.uuid1 "
    "uuid.uuid4 os.urandom numpy.random"
)
_THREADS = _words(
    "threading.Thread threading.Timer _thread multiprocessing concurrent.futures "
    "asyncio.create_task asyncio.ensure_future asyncio.get_event_loop asyncio.run"
)


def touch_of(name: str) -> tuple[Touch, str] | None:
    """What a call of this dotted name touches, and what it does in a few words."""
    if name in _SLEEPS:
        return "sleep", "sleeps"
    if _is_saying(name):
        return "say", "prints" if "print" in name else "logs"
    if _begins(name, _THREADS):
        return "thread", "starts something of its own"
    if _begins(name, _CLOCKS):
        return "clock", "reads the clock or draws by chance"
    does = _does_outside(name)
    return None if does is None else ("outside", does)


def _does_outside(name: str) -> str | None:
    if _begins(name, _PURE):
        return None
    parts = name.split(".")
    for size in range(len(parts), 0, -1):
        does = _OUTSIDE.get(".".join(parts[:size]))
        if does is not None:
            return does
    return "touches files" if name.endswith(_FILE_METHODS) else None


def _is_saying(name: str) -> bool:
    if name in ("print", "rich.print", "pprint.pprint", "sys.stdout.write", "sys.stderr.write"):
        return True
    return _begins(name, _LOGGERS) and name.rpartition(".")[2] in _LOG_METHODS


def _begins(name: str, roots: tuple[str, ...]) -> bool:
    return any(name == root or name.startswith(f"{root}.") for root in roots)
