#!/usr/bin/env bash
# die-once.sh COMMAND... --out RUN: rank 1 of the first attempt is killed once the run has a checkpoint of step 3.
if [ "${RANK:-$SLURM_PROCID}" = 1 ] && [ "${TORCHELASTIC_RESTART_COUNT:-${SLURM_RESTART_COUNT:-0}}" = 0 ]; then
  out=${*: -1}
  (
    until compgen -G "$out/checkpoints/step-0000000[3-9].safetensors" >/dev/null; do sleep 0.02; done
    kill -KILL $$ # what this shell becomes below
  ) &
fi
exec "$@"
