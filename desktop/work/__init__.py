"""Threads, and one way to run long work.

A job is a child process at work in a folder, `core.jobs.channel.JobChannel`, which is
the only way between the two. It is always started detached: it outlives the window,
and a later window finds it by its folder.

    kind.JobKind          what differs between a training, a scan, a check of films
                          and a comparison: where such jobs lie, the words of the
                          command, what their events come to, how an end is kept
    jobs.JobController    starts, follows, asks, ends and deletes jobs of one kind,
                          one at a time; what touches the disk is done in a thread
    follower.JobFollower  reads the events of one job in a QThread, whoever started
                          it, and tells how it ended
    kind.CommandKind      jobs that leave nothing to go on with: of a check, a
                          comparison or an export only the newest is of interest

A job that was started here, one that was resumed, and one that was found at work all
go the same way: the kind gives a `Job`, or the controller finds the job in the
list; a `JobFollower` reads from the last start's first event on; `JobKind.settle`
writes down the end.
"""
