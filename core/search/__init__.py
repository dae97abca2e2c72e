"""Search for the settings of a training: many trials, one choice, one look at the test.

space      what may vary, as a file says it
record     what a search was asked for, and what came of each trial
store      the folder of a search, and the list of all
study      Optuna: which settings are tried next, and which trial is hopeless
storage    where that is kept: a journal of its own, or a database for a team
trial      one training, up to its figures on the validation films
trials     all of them until they have ended, and the films that they share
search     the job: one trial after the other, or
on_cluster ... on the machines of a cluster, by `worker`
promote    a full run of a trial; only then are the test films opened
"""
