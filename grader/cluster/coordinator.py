"""The coordinator's end of a cluster: an executor whose processes are other machines'."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from typing import Any

from distributed import CancelledError, Client
from distributed import Future as SentTask
from distributed.comm.core import CommClosedError, connect
from distributed.security import Security

from ..course import Course
from ..errors import MachineFault, UserError
from ..i18n import language
from ..speed.device import UNTIMED, Device, choose, processor
from .worker import Grading, facts, grade_there, kind_of_device

WAIT_SECONDS = 60.0  # for a scheduler to answer, and for the first worker to join
ATTEMPTS = 5  # to look at all workers, should some of them die meanwhile
GPU = "GPU"  # the resource that a worker with a GPU declares: dask worker --resources "GPU=1"


class Cluster:
    """A connection to a scheduler whose workers are able to grade this course."""

    def __init__(self, address: str, client: Client) -> None:
        self.address, self._client = address, client

    @property
    def jobs(self) -> int:
        """Grading processes of all workers together, now."""
        return sum(self._client.nthreads().values())

    def prepare(self, course: Course, sandbox: str) -> None:
        """Ready every worker, and whoever joins later. Raises UserError when one would grade otherwise than this machine."""
        for _attempt in range(ATTEMPTS):
            try:
                self._client.register_plugin(Grading(facts(course), sandbox, language()))
                return
            except CommClosedError:  # a worker died while it was looked at: the others are looked at again
                continue
            except Exception as error:  # whatever a worker raised: an old version of the grader raises what it likes
                raise UserError(
                    f"The cluster {self.address} cannot grade this course: {error}. That worker has left; install the same "
                    "versions and the same course on every worker (docs/cluster.md), and run the same command again."
                ) from None
        raise UserError(
            f"The workers of {self.address}, or its scheduler, end as soon as they are asked for their versions: their logs say "
            "why. Then run the same command again."
        )

    def device(self, name: str, require_gpu: bool = False) -> Device:
        """What `--device NAME` is where the workers are. Raises UserError when they have different ones."""
        gpus = self._workers_with_gpu()
        if name in ("cpu", "none") or (name == "auto" and not gpus and not require_gpu):
            return choose(name if name == "none" else "cpu", require_gpu)
        if not gpus:
            raise UserError(
                f'No worker of {self.address} declares a GPU: start those that have one with --resources "GPU=1".'
            )
        kinds = set(self._client.run(kind_of_device, "cuda" if name == "auto" else name, workers=gpus).values())
        if len(kinds) > 1:
            raise UserError(
                f"The workers of {self.address} have different GPUs ({', '.join(sorted(kinds))}), and a ratio on one says "
                "nothing of another: let only one kind declare the resource GPU."
            )
        return Device(kinds.pop())

    def executor(self, device: Device) -> Executor:
        """Chunks whose speed is judged on a GPU go to workers that declare one, as many at a time as they declare."""
        return ClusterExecutor(self._client, {GPU: 1} if device not in (UNTIMED, processor()) else {}, self.address)

    def _workers_with_gpu(self) -> list[str]:
        workers = self._client.scheduler_info(n_workers=-1)["workers"]
        return [address for address, worker in workers.items() if worker["resources"].get(GPU)]


@contextmanager
def cluster(address: str) -> Iterator[Cluster]:
    """Connect, and wait for the first worker. Raises UserError when there is no scheduler, or nobody joins it."""
    try:
        asyncio.run(_knock(address))
        client = Client(address, timeout=WAIT_SECONDS, name="dot2vit", set_as_default=False)
    except (OSError, ValueError, TypeError, RuntimeError) as error:
        raise UserError(
            f"There is no Dask scheduler at {address}, or it lets nobody in ({error}). Start one (dask scheduler), and give its "
            "address: --cluster tcp://HOST:8786. For tls://, see docs/cluster.md."
        ) from None
    try:
        try:
            client.wait_for_workers(1, timeout=WAIT_SECONDS)
        except TimeoutError:
            raise UserError(
                f"No worker has joined the scheduler {address} in {WAIT_SECONDS:g} s. Start some: dask worker {address}."
            ) from None
        yield Cluster(address, client)
    finally:
        client.close(timeout=5)


async def _knock(address: str) -> None:
    """Connect once, by Dask's configuration of TLS. A Client that cannot would say so, and then hang for two minutes."""
    secured = Security().get_connection_args("client")
    comm = await connect(address, timeout=WAIT_SECONDS, **secured)
    await comm.close()


class ClusterExecutor(Executor):
    """`submit` as batch.py calls it. A dead worker's chunk is given to another worker by the scheduler."""

    def __init__(self, client: Client, resources: dict[str, int], address: str) -> None:
        self._client, self._resources, self._address = client, resources, address
        self._sent: set[SentTask[Any]] = set()

    def submit(self, function: Callable[..., Any], /, *arguments: Any, **options: Any) -> Future[Any]:
        _course_file, exercise, submissions, settings = arguments  # the course's place is each worker's own
        sent = self._client.submit(
            grade_there, exercise, submissions, settings, pure=False, resources=self._resources or None
        )
        graded: Future[Any] = Future()
        self._sent.add(sent)

        def hand_over(task: SentTask[Any]) -> None:
            self._sent.discard(task)
            try:
                # Not only when all is well: if the worker died that held the grades, another one is grading again.
                grades = task.result()
            except (CancelledError, CommClosedError):
                graded.set_exception(
                    MachineFault(
                        f"The connection to the cluster {self._address} was lost. What is graded is kept: start the scheduler "
                        "again, and run the same command again."
                    )
                )
            except Exception as error:
                graded.set_exception(error)
            else:
                graded.set_result(grades)

        sent.add_done_callback(hand_over)
        return graded

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """The workers go on living; what they were given is taken back if `cancel_futures`."""
        if cancel_futures:
            self._client.cancel(list(self._sent))
