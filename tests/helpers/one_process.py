"""Several commands of `denoiser` in one new process, which imports torch once."""

import json
import subprocess
import sys

CODE = """
import json, sys
from denoiser.cli.main import main
for words in json.loads(sys.argv[1]):
    sys.argv[1:] = words
    if code := main():
        sys.exit(code)
"""


def denoiser(*commands, **options):
    """Run each command, a list of words, up to the first that fails; returns its code and what all printed."""
    words = json.dumps([[str(word) for word in command] for command in commands])
    return subprocess.run([sys.executable, "-c", CODE, words], capture_output=True, text=True, **options)
