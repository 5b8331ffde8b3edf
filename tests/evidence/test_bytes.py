"""The file has one canonical form: any changed byte is refused, and nothing else is a bundle."""

import io
import json
import os
import random
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from safeconduct.evidence.pack import stored_zip
from safeconduct_verify import container, main
from safeconduct_verify.container import MAX_FILES, build, read
from tests.evidence.two_logs import START, World, judged, made, opened, remade

CENTRAL, END = b"PK\1\2", b"PK\5\6"


@pytest.fixture(scope="module")
def world():
    return World()


@pytest.fixture(scope="module")
def bundle(world):
    return made(world, world.breach())


def _heads(data):
    """Offsets of every byte that is framing, not content."""
    out, at = [], 0
    while data[at : at + 4] == b"PK\3\4":
        size, length = (
            struct.unpack_from("<I", data, at + 18)[0],
            struct.unpack_from("<H", data, at + 26)[0],
        )
        out += range(at, at + 30 + length)
        at += 30 + length + size
    return [*out, *range(at, len(data))]


def test_every_byte_of_the_framing_counts(world, bundle):
    for at in _heads(bundle):
        for flip in (0x01, 0x80, 0xFF):
            bad = bytearray(bundle)
            bad[at] ^= flip
            assert judged(world, bytes(bad)).result in ("malformed", "altered"), (at, flip)


def test_every_byte_of_the_content_counts(world, bundle):
    draw = random.Random(7)
    framing = set(_heads(bundle))
    content = [at for at in range(len(bundle)) if at not in framing]
    for at in [*draw.sample(content, 1_500), content[0], content[-1]]:
        bad = bytearray(bundle)
        bad[at] ^= 1 << draw.randrange(8)
        report = judged(world, bytes(bad))
        assert report.result in ("malformed", "altered"), at


def test_every_byte_of_the_signed_manifest_counts(world, bundle):
    """Also where the zip is rebuilt around the change, so that only the signature can tell."""
    files = read(bundle)
    for name in ("manifest.json", "manifest.sig"):
        for at in range(0, len(files[name]), 23):
            bad = bytearray(files[name])
            bad[at] ^= 0x02
            data = build({**files, name: bytes(bad)})
            assert judged(world, data).result in ("malformed", "altered"), (name, at)


@pytest.mark.parametrize(
    "change",
    [
        lambda b: b + b"\0",
        lambda b: b"\0" + b,
        lambda b: b[:-1],
        lambda b: b[: len(b) // 2],
        lambda b: b"",
        lambda b: b"PK\3\4",
        lambda b: b + b,
        lambda b: b.replace(END, END + b"x", 1),
        lambda b: b"MZ" + b[2:],
        lambda b: b[: b.rindex(END)] + b[b.rindex(END) : -2] + b"\5\0hello",
    ],
)
def test_bytes_before_after_or_missing_are_refused(world, bundle, change):
    assert judged(world, change(bundle)).result in ("malformed", "altered")


def _zip(files, *, method=zipfile.ZIP_STORED, extra=()):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in [*files.items(), *extra]:
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.compress_type = method
            archive.writestr(info, data)
    return buffer.getvalue()


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_another_zip_of_the_same_files_is_refused(world, bundle):
    files = dict(sorted(read(bundle).items()))
    some = next(iter(files))
    for data in (
        _zip(files),
        _zip(files, method=zipfile.ZIP_DEFLATED),
        _zip(files, extra=[(some, files[some])]),
        _zip(dict(reversed(files.items()))),
    ):
        assert judged(world, data).result in ("malformed", "altered")


@pytest.mark.parametrize(
    "name",
    [
        "../x.json",
        "/x.json",
        "a/../x.json",
        "x",
        "X.json",
        "a//b.json",
        ".json",
        "a\\b.json",
        "a/" * 60 + "b.json",
    ],
)
def test_names_that_lead_elsewhere_are_refused(world, bundle, name):
    report = judged(world, stored_zip({**read(bundle), name: b"{}"}))
    assert report.result == "malformed"


def test_a_file_that_the_manifest_does_not_list_is_refused(world, bundle):
    assert judged(world, stored_zip({**read(bundle), "more.json": b"{}"})).result == "malformed"


def test_a_listed_file_that_has_no_place_is_refused(world, bundle):
    files = opened(bundle)
    files["extra/note.json"] = {}
    assert judged(world, remade(world, files)).result == "malformed"


def test_too_many_files_are_refused(world):
    many = {f"f{number:03d}.json": b"{}" for number in range(MAX_FILES + 2)}
    assert judged(world, stored_zip(many)).result == "malformed"


def test_json_has_one_spelling(world, bundle):
    files = read(bundle)
    for text in (
        files["manifest.json"] + b"\n",
        files["manifest.json"].replace(b'"made_at":', b'"made_at": ', 1),
        files["manifest.json"].replace(b'"mode":"exercise"', b'"mode":"live","mode":"exercise"', 1),
        files["manifest.json"].replace(b'"version":1', b'"version":1.0', 1),
        files["manifest.json"].replace(b'"version":1', b'"version":10000000000000000000000', 1),
        b"[" * 5_000,
        b"[" * 500_000,
        b'{"a":' * 100 + b"1" + b"}" * 100,
        b"\xff\xfe",
        b'"\\ud800"',
        b"NaN",
        b"1" * 5_000,
    ):
        report = judged(world, build({**files, "manifest.json": text}))
        assert report.result == "malformed", text[:60]


def test_the_two_zip_writers_agree(bundle):
    assert build(read(bundle)) == stored_zip(read(bundle)) == bundle


# ---------------------------------------------------------------- the program


@pytest.fixture
def paths(world, bundle, tmp_path):
    (tmp_path / "x.scb").write_bytes(bundle)
    (tmp_path / "trust.json").write_text(json.dumps(world.trust))
    return [str(tmp_path / "x.scb"), "--trust", str(tmp_path / "trust.json")]


def test_exit_0_and_words_for_people(paths, capsys):
    assert main(paths) == 0
    out = capsys.readouterr().out
    assert out.startswith("PROVEN\nmode: exercise\n")
    assert "proves nothing about live operations" in out


def test_json_for_machines(paths, capsys):
    assert main([*paths, "--json"]) == 0
    value = json.loads(capsys.readouterr().out)
    assert value["result"] == "proven"
    assert value["mode"] == "exercise"
    assert value["grade"] == "partner-cosigned"
    assert value["reasons"] == []
    assert value["time_bracket"]["from"] == START
    assert value["claim"]["standard"] == "cordon-check"


def test_exit_1_for_what_is_not_a_bundle(paths, tmp_path, capsys):
    (tmp_path / "x.scb").write_bytes(b"hello")
    assert main(paths) == 1
    assert capsys.readouterr().out.startswith("MALFORMED")


def test_exit_2_for_paths_and_usage(paths, tmp_path, capsys):
    assert main([str(tmp_path / "none.scb"), *paths[1:]]) == 2
    assert main([str(tmp_path), *paths[1:]]) == 2
    assert main([paths[0], "--trust", str(tmp_path / "none.json")]) == 2
    for arguments in ([], [paths[0]], [*paths, "--unknown"]):
        with pytest.raises(SystemExit) as caught:
            main(arguments)
        assert caught.value.code == 2
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"safeconduct":"trust/1"}',
        "[" * 100_000,
        '{"safeconduct":"trust/1","parties":{"a":{"root_key":"x"},"b":{}},"modes":["live"]}',
        '{"safeconduct":"trust/1","parties":{},"modes":["live"]}',
        '{"safeconduct":"trust/1","parties":{"a":1,"b":2},"modes":[]}',
    ],
)
def test_exit_2_for_a_trust_file_that_does_not_read(paths, tmp_path, capsys, text):
    (tmp_path / "trust.json").write_text(text)
    assert main(paths) == 2
    assert "trust" in capsys.readouterr().err


def test_text_from_the_file_cannot_move_the_cursor(world, bundle, tmp_path, capsys):
    files = opened(bundle)
    files["manifest.json"]["closed"] = ["\x1b[2Jgone\u202e"]
    (tmp_path / "x.scb").write_bytes(remade(world, files))
    (tmp_path / "trust.json").write_text(json.dumps(world.trust))
    assert main([str(tmp_path / "x.scb"), "--trust", str(tmp_path / "trust.json")]) == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "\u202e" not in out


def test_another_content_under_the_signed_manifest_is_altered(world, bundle):
    files = read(bundle)
    for name in files:
        if not name.startswith("manifest."):
            report = judged(world, build({**files, name: b"[]"}))
            assert (report.result, "not what the manifest says" in report.reasons[0]) == (
                "altered",
                True,
            )


def test_a_doubled_name_is_called_so(world, bundle):
    size, length = (struct.unpack_from(f, bundle, at)[0] for f, at in (("<I", 18), ("<H", 26)))
    entry = bundle[: 30 + length + size]
    report = judged(world, entry + bundle)
    assert (report.result, "stands twice" in report.reasons[0]) == ("malformed", True)


def test_a_record_of_another_mode_is_refused():
    """The exporter relabels an exercise as live, and signs that."""
    world = World()
    files = opened(made(world, world.breach()))
    files["manifest.json"]["mode"] = "live"
    report = judged(world, remade(world, files))
    assert (report.result, "of mode exercise" in report.reasons[0]) == ("not_proven", True)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_no_traceback_when_the_answer_cannot_be_written(paths):
    for target in ("/dev/full", "| true"):
        command = f'"{sys.executable}" -m safeconduct_verify ' + " ".join(f'"{p}"' for p in paths)
        shell = f"{command} > {target}" if target[0] == "/" else f"{command} {target}"
        done = subprocess.run(
            ["sh", "-c", shell],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env={**os.environ, "PYTHONPATH": str(Path(container.__file__).parents[1])},
        )
        assert (done.returncode, done.stderr) == (0, "")
