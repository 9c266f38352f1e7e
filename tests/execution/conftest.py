"""Worker processes import what they open by name, and inherit the path: tests' folders are not on it."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent))
