"""Where the published examples are, if they are."""
import os
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
SHARED = pathlib.Path(os.environ.get("FPD_SHARED", ROOT.parent / "shared"))
VECTORS = SHARED / "vectors"
PRESENT = VECTORS.is_dir()
