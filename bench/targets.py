"""The table: what each line must reach. `least` is a floor, `most` a ceiling; neither: for information."""

from typing import NamedTuple


class Target(NamedTuple):
    what: str
    least: float | None = None
    most: float | None = None

    def met(self, value: float) -> bool:
        return (self.least is None or value >= self.least) and (self.most is None or value <= self.most)

    @property
    def text(self) -> str:
        return (
            f"≥ {self.least:g}"
            if self.least is not None
            else f"≤ {self.most:g}"
            if self.most is not None
            else ""
        )

    @property
    def judged(self) -> bool:
        return self.least is not None or self.most is not None


TARGETS = {
    "read-cold": Target("7 entries JSON, different calls, against the bare app", least=0.55),
    "read-beside-ingest": Target("the same beside ingest at half its peak, both sides", least=0.55),
    "read-beside-ingest-p99": Target("p99 of that, against the bare app's", most=1.5),
    "read-hot": Target("7 entries JSON, 1,000 calls", least=0.90),
    "read-cold-50": Target("50 entries JSON, different calls", least=0.50),
    "xml-hot": Target("7 entries XML, 1,000 calls", least=0.75),
    "xml-hot-50": Target("50 entries XML, 1,000 calls", least=0.75),
    "ingest-16": Target("ingest, batches of 1000, 16 clients, against raw SQLite", least=0.60),
    "ingest-1": Target("ingest, batches of 1000, one client, against raw SQLite", least=0.50),
    "append-64-process": Target("64 clients of one entry, in process, against a commit each", least=10),
    "append-64-http": Target("64 clients of one entry, over HTTP, against a commit each", least=4),
    "small-p99": Target("p99 of a client of single entries beside 16 of batches, ms"),
    "seal": Target("sealing on one core, against raw ingest", least=0.5),
    "sustained": Target("long ingest with sealing on, against its peak"),
    "size-days": Target("bytes per entry: Day files without the full-text index", most=36),
    "size-without-index": Target("bytes per entry: all files without it", most=56),
    "size-all": Target("bytes per entry: all files", most=65),
    "depth": Target("p50 of a read in the large store, against a small one", most=1.3),
    "expire-writer": Target("expiring a Day, in the writer, ms", most=50),
    "expire-p99": Target("p99 of reads meanwhile, against before", most=2),
    "search-many-p50": Target("p50 of a search, account of 90 % of the calls, ms", most=20),
    "search-many-p99": Target("p99 of that", most=100),
    "search-few-p50": Target("p50 of a search, account of 0.02 % of the calls, ms", most=20),
    "search-few-p99": Target("p99 of that", most=100),
    "memory": Target("anonymous memory of the server, MiB", most=300),
    "follow-call": Target("an entry to followers of its call, after its 200, ms", most=200),
    "follow-list": Target("a row to followers of the list, after the 200, ms", most=200),
    "start": Target("ready after kill -9, s", most=2),
}
