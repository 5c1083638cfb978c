"""A local host of serverless functions that speaks AWS Lambda's own interfaces.

Functions are real child processes with a real runtime client; between them and a caller stands
this host, which speaks the Runtime API to the one (AWS's "Using the Lambda runtime API", version
2018-06-01, with streamed responses as "Building a custom runtime" describes them) and the
invocation API and Function URLs to the other. Nothing of AWS is contacted and no account is used.

    with function_host.running(folder) as host:              # folder: of a run, in a workspace
        host.start(Function(                                 # main thread only; returns when ready
            name="detect-black",
            runtime=runtimes.official_python(),              # the wheel awslambdaric
            handler="handlers.black",                        # module.function
            code=(Path("handlers.py"),),                     # copied into the function's folder
            environment={"S3_ENDPOINT": "..."},
            instances=1,                                     # processes; one invocation each
        ))
        answer = host.invoke("detect-black", b'{"segment": 1}')   # buffered, any thread
        answer.payload, answer.error                         # bytes; None or "Unhandled"
        host.counts("detect-black").invocations              # also errors, request/response bytes
        host.url                                             # endpoint_url for an SDK client
        host.open_url("detect-black", InvokeMode.RESPONSE_STREAM) # a Function URL of its own

One process is one execution environment: it handles one invocation at a time, has a Runtime API
listener of its own, and is not replaced when it dies. Everything listens on 127.0.0.1, on ports
that the kernel chooses. Not imitated: authentication, throttling, cold starts after the first,
asynchronous retries, log tails, extensions, the bandwidth limit of streamed answers.
"""

from earwitness.servers.component import Component
from earwitness.servers.function_host import runtimes
from earwitness.servers.function_host.function_url import InvokeMode
from earwitness.servers.function_host.host import (
    Answer,
    Counts,
    Function,
    FunctionHost,
    running,
)
from earwitness.servers.function_host.runtimes import Runtime

__all__ = [
    "Answer",
    "Counts",
    "Function",
    "FunctionHost",
    "InvokeMode",
    "Runtime",
    "components",
    "running",
]


def components() -> tuple[Component, ...]:
    """The line of the runtime client in the table of components."""
    return (runtimes.component(),)
