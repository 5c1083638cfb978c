"""A cloud on loopback: object store and state machines of moto's server, functions of our own host.

moto is a server program that speaks AWS's interfaces; its state machines are really interpreted
(Amazon States Language), and their tasks invoke functions at the function host. Nothing of AWS is
contacted, no account and no credentials of the user are read.

    with function_host.running(folder) as host, cloud.running(folder, functions=host) as here:
        here.url, here.version                    # endpoint of every service; "5.2.5"
        here.client("s3")                         # a boto3 client for it
        objects.create_bucket(here, "windows")
        machine = machines.create(here, "watch", {"StartAt": ...})   # tasks name functions' ARNs
        machines.run(here, machine, [{"number": 1}, {"number": 2}])  # outputs and transitions
        objects.traffic(here, "windows")          # requests and bytes, from the server's own log

What is counted is counted on the server's side: requests in its access log, state transitions in
the histories of executions. Not imitated: throttling, latency, eventual billing, Express workflows.
"""

from earwitness.servers.cloud.server import Cloud, components, find, running

__all__ = ["Cloud", "components", "find", "running"]
