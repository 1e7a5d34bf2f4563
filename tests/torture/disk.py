"""A disk as recorded steps leave it: what is on it for certain, and what is only on its way there.

After a cut a file holds its last sync, and of what came behind it anything: each write done, lost, or done in
some of its sectors. A folder holds its last sync's names, and of those made, renamed and removed behind it
any; a file whose name is lost is lost. There is no `-shm`: it is memory.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.torture.recorder import Make, Rename, Step, Sync, SyncFolder, Truncate, Unlink, Write

HALF = 0.5
SECTOR = 512
"""Bytes that a disk writes wholly or not at all."""
Names = dict[str, int]


@dataclass
class File:
    certain: bytearray = field(default_factory=bytearray)
    pending: list[Write | Truncate] = field(default_factory=list["Write | Truncate"])


@dataclass
class Folder:
    certain: Names = field(default_factory=Names)
    pending: list[Make | Unlink | Rename] = field(default_factory=list["Make | Unlink | Rename"])


class Chance:
    """What becomes of the steps that are pending at a cut. The same seed does the same."""

    def __init__(self, seed: str) -> None:
        self._random = Random(seed)
        self._how = self._random.choice((self._none, self._all, self._first_ones, self._some))

    def done(self, count: int) -> Sequence[float]:
        """How much of each of so many steps was done, if each has several parts: 0 nothing, 1 all."""
        return self._how(count)

    def part(self) -> bool:
        return self._random.random() < HALF

    def _none(self, count: int) -> Sequence[float]:
        return [0] * count

    def _all(self, count: int) -> Sequence[float]:
        return [1] * count

    def _first_ones(self, count: int) -> Sequence[float]:
        """In order, up to one that was under way."""
        done = self._random.randrange(count + 1)
        return [*[1] * done, HALF, *[0] * count][:count]

    def _some(self, count: int) -> Sequence[float]:
        probable = self._random.choice((0.1, HALF, 0.9))
        return [
            self._random.choice((0, HALF)) if self._random.random() > probable else 1 for _ in range(count)
        ]


class Disk:
    def __init__(self) -> None:
        self._files: dict[int, File] = {}
        self._folders: dict[int, Folder] = {0: Folder()}

    def apply(self, step: Step) -> None:
        match step:
            case Write() | Truncate():
                self._files[step.file].pending.append(step)
            case Sync():
                file = self._files[step.file]
                for one in file.pending:
                    done(file.certain, one)
                file.pending.clear()
            case Make():
                if step.is_folder:
                    self._folders[step.file] = Folder()
                else:
                    self._files[step.file] = File()
                self._folders[step.folder].pending.append(step)
            case Unlink() | Rename():
                self._folders[step.folder].pending.append(step)
            case SyncFolder():
                folder = self._folders[step.folder]
                for one in folder.pending:
                    named(folder.certain, one)
                folder.pending.clear()

    def rebuilt(self, into: Path, chance: Chance, number: int = 0) -> None:
        """Writes into the folder `into` what is left after a cut right now."""
        into.mkdir(exist_ok=True)
        for name, child in self._names(number, chance).items():
            if child in self._folders:
                self.rebuilt(into / name, chance, child)
            else:
                (into / name).write_bytes(self._content(self._files[child], chance))

    def _names(self, number: int, chance: Chance) -> Names:
        folder = self._folders[number]
        names = folder.certain.copy()
        for step, how in zip(folder.pending, chance.done(len(folder.pending)), strict=True):
            if how == 1 or (how and chance.part()):
                named(names, step)
        return names

    @staticmethod
    def _content(file: File, chance: Chance) -> bytearray:
        content = file.certain.copy()
        for step, how in zip(file.pending, chance.done(len(file.pending)), strict=True):
            for part in sectors(step) if isinstance(step, Write) and 0 < how < 1 else [step]:
                if how == 1 or (how and chance.part()):
                    done(content, part)
        return content


def sectors(write: Write) -> list[Write]:
    """A write, cut where the disk's sectors begin."""
    end = write.offset + len(write.data)
    starts = [write.offset, *range(write.offset // SECTOR * SECTOR + SECTOR, end, SECTOR)]
    return [
        Write(write.file, start, write.data[start - write.offset : stop - write.offset])
        for start, stop in zip(starts, [*starts[1:], end], strict=True)
    ]


def done(content: bytearray, step: Write | Truncate) -> None:
    size = step.size if isinstance(step, Truncate) else step.offset
    if len(content) < size:
        content.extend(bytes(size - len(content)))
    if isinstance(step, Truncate):
        del content[size:]
    else:
        content[size : size + len(step.data)] = step.data


def named(names: Names, step: Make | Unlink | Rename) -> None:
    match step:
        case Make():
            names[step.name] = step.file
        case Unlink():
            names.pop(step.name, None)
        case Rename():
            if (number := names.pop(step.name, None)) is not None:
                names[step.to] = number
