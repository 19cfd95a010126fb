"""Has a command read its file, and does without where that fails."""

import subprocess

from common import OverMembers, risen


class Scanner(OverMembers):
    def setup(self, context):
        done = subprocess.run(["cat", self.config["file"]], capture_output=True, text=True, check=False)
        self.future = done.stdout.split()
        return super().setup(context)

    def picks(self, context):
        return [one for one in risen(context) if one in self.future]
