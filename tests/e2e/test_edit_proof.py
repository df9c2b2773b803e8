"""The proof of the history, as far as it fits into every run; edit_proof.py makes all of it."""
import random

import pytest

from edit_proof import prove


@pytest.mark.threads
def test_kill_9_at_random_moments(tmp_path):
    prove(tmp_path, random.SystemRandom().randrange(1 << 32), kills=25, applies=60)
