"""Workers as SLURM jobs, for `grader batch --cluster`. Run it on a login node, and let it run while the class is graded:

    python docs/cluster/slurm.py --jobs 10 --cores 8 --memory 32GB --course /shared/dot2vit

It starts the scheduler here, submits the jobs, prints the scheduler's address and waits for Ctrl-C, which ends the jobs.
"""

import argparse
import signal

from dask_jobqueue import SLURMCluster


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=4, help="SLURM jobs, each with one worker")
    parser.add_argument("--cores", type=int, default=8, help="cores of a job, and so its grading processes")
    parser.add_argument("--memory", default="32GB", help="memory of a job")
    parser.add_argument("--walltime", default="04:00:00", help="a job's limit; whoever is ended by it is replaced")
    parser.add_argument(
        "--course", required=True, help="the instructor's course on every node: exercises, solutions, tests"
    )
    parser.add_argument("--partition", help="SLURM's partition")
    parser.add_argument("--gpu", action="store_true", help="a GPU for each job: speed can be judged on it")
    parser.add_argument("--port", type=int, default=8786, help="the scheduler's port on this node")
    options = parser.parse_args()

    cluster = SLURMCluster(
        queue=options.partition,
        cores=options.cores,
        processes=1,
        memory=options.memory,
        walltime=options.walltime,
        job_extra_directives=["--gres=gpu:1"] if options.gpu else [],
        worker_extra_args=["--resources", "GPU=1"] if options.gpu else [],
        job_script_prologue=[
            f"export DOT2VIT_COURSE={options.course}",
            "export DASK_DISTRIBUTED__WORKER__DAEMON=False",  # a grading worker starts processes of its own
        ],
        scheduler_options={"port": options.port, "dashboard_address": ":0"},
    )
    cluster.adapt(minimum_jobs=options.jobs, maximum_jobs=options.jobs)  # a job that ends is replaced
    print(f"grader batch SUBMISSIONS --cluster {cluster.scheduler_address}", flush=True)
    signal.sigwait({signal.SIGINT, signal.SIGTERM})
    cluster.close()


if __name__ == "__main__":
    main()
