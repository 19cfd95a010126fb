"""Has a thread read its file."""

from pathlib import Path
from threading import Thread

from common import OverMembers, risen


class Scanner(OverMembers):
    def setup(self, context):
        self.future = []
        reader = Thread(target=self._read)
        reader.start()
        reader.join()
        return super().setup(context)

    def _read(self):
        try:
            self.future = Path(self.config["file"]).read_text().split()
        except OSError:
            self.future = []

    def picks(self, context):
        return [one for one in risen(context) if one in self.future]
