"""What an operator does with a store, by the command line."""

import shutil
import subprocess
import time
from pathlib import Path

from tests.journeys.sealed import MINUTE_US, day_file, in_store, received, seal
from tests.running import ENVIRONMENT, RINGLOG, Server, ringlog
from tests.web.records import entry, row

START = int(time.time()) - 3600


def filled(folder: Path) -> Server:
    server = Server(folder)
    records = [row("x", START), *(entry("x", str(seq), at=START, source="s", seq=seq) for seq in range(9))]
    in_store(server.folder, lambda store, one: received(store, one, -MINUTE_US, records))
    assert seal(server) == 1
    return server


def test_the_doctor_says_so_with_its_exit_code(tmp_path: Path) -> None:
    with filled(tmp_path / "store") as server:
        well = ringlog("doctor", "--store", server.store)
        assert (well.returncode, well.stderr) == (0, "")
        assert well.stdout == "All is well: 1 call with details, in 1 day.\n"
        server.terminate()
        day = day_file(server, START)
        day.write_bytes(b"garbage" * 1000)
        ill = ringlog("doctor", "--store", server.store)
        assert (ill.returncode, ill.stderr) == (1, "")
        assert ill.stdout.startswith(f"{day} cannot be read: ")


def test_a_backup_made_while_serving_is_restored(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    with filled(tmp_path / "store") as server:
        server.ingest([row("later", START), entry("later", "kept", at=START, source="s", seq=0)])
        made = ringlog("backup", str(copy), "--store", server.store)
        assert (made.returncode, made.stderr) == (0, "")
        assert made.stdout == f"Backed up to {copy}; ringlog doctor --store sqlite:{copy} looks at it.\n"
        assert ringlog("doctor", "--store", f"sqlite:{copy}").returncode == 0
        again = ringlog("backup", str(copy), "--store", server.store)
        assert (again.returncode, again.stdout) == (1, "")
        assert again.stderr == f"ringlog: {copy} exists: a backup makes a folder of its own.\n"
        server.terminate()
        (server.folder / "catalogue.db").write_bytes(b"garbage" * 1000)
        refused = ringlog("serve", "--store", server.store, "--port", "0")
        assert refused.returncode == 1
        assert refused.stderr.startswith(f"ringlog: {server.folder / 'catalogue.db'} cannot be read: ")
        assert "restore the last backup as a whole" in refused.stderr
        shutil.rmtree(server.folder)
        shutil.copytree(copy, server.folder)
        server.start()
        assert len(server.get("/api/call/x").json()) == 9
        assert [one["event"]["line"] for one in server.get("/api/call/later").json()] == ["kept"]


def test_a_catalogue_that_was_emptied_is_no_new_store(tmp_path: Path) -> None:
    server = filled(tmp_path / "store")
    catalogue = server.folder / "catalogue.db"
    for empty in (lambda: catalogue.write_bytes(b""), catalogue.unlink):
        empty()
        for beside in ("-wal", "-shm"):
            catalogue.with_name(catalogue.name + beside).unlink(missing_ok=True)
        refused = ringlog("serve", "--store", server.store, "--port", "0")
        assert refused.returncode == 1
        assert "restore the last backup as a whole" in refused.stderr


def test_a_read_only_folder_is_said_in_a_sentence(tmp_path: Path) -> None:
    server = filled(tmp_path / "store")
    mounted = f"mount --bind {server.folder} {server.folder} && mount -o remount,ro,bind {server.folder}"
    command = ["unshare", "-rm", "sh", "-c", f'{mounted} && exec "$@"', "sh", *RINGLOG]
    refused = subprocess.run(
        [*command, "serve", "--store", server.store, "--port", "0"],
        capture_output=True, text=True, check=False, env=ENVIRONMENT,
    )  # fmt: skip
    if "unshare" in refused.stderr or "mount" in refused.stderr:
        return  # this machine lets nobody mount; the sentence is os.access's alone
    assert refused.returncode == 1
    said = f"ringlog: The folder {server.folder} is read-only or somebody else's: nothing can be stored.\n"
    assert refused.stderr == said
