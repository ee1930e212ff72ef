"""How often the same calls may end workers."""

from tablecast.errors import EngineError

#: A worker that is lost takes its calls and its copy of the values along, which are sent again. A
#: call that has ended so many workers, for want of memory mostly, would end the next one too.
ATTEMPTS = 4


def lost_too_often() -> EngineError:
    """What to say where the same calls end one worker after the other."""
    return EngineError(
        f"Workers were lost {ATTEMPTS} times during the same fits, probably because memory ran "
        "out. Give each worker more memory, or train on fewer rows."
    )
