"""What a terminal does to a command, for all commands: one clear line, the right exit code, nothing half written."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import typer

from pipelines.app import app
from pipelines.cli import main
from pipelines.progress import told

GROUP = typer.main.get_command(app)


def names(group, before=()):
    """The words of every command, those of groups too."""
    for name, command in group.commands.items():
        words = (*before, name)
        yield from names(command, words) if hasattr(command, "commands") else [words]


COMMANDS = sorted(names(GROUP))
FILES = {"RECIPE", "DIR", "DIR...", "MODEL", "MODELS...", "FILE.par"}
"""What an argument is called that names a file or a folder that must be there."""
GIVEN = {"INDEX": ["0"], "BED": ["cco"]}
VALUES = {"--to": "nifti", "--address": "http://127.0.0.1:9"}


def parameters(words):
    command = GROUP
    for word in words:
        command = command.commands[word]
    return command.params


def typed(words, here):
    """The command with all that it asks for, of which nothing is there, to write to out/."""
    arguments, options = [], []
    for one in parameters(words):
        if one.param_type_name == "argument":
            known = (one.metavar or one.name.upper()).strip("[]")
            arguments += GIVEN.get(known.partition(" ")[0], [str(here / "nothing")])
        elif one.required:
            name = max(one.opts, key=len)
            options += [name, VALUES.get(name, str(here / "out" / "made.csv"))]
    return [*words, *arguments, *options]


def ends(arguments, capfd, monkeypatch):
    """(exit code, lines on standard error) of the command in this process."""
    monkeypatch.setattr(sys, "argv", ["simdata", *map(str, arguments)])
    with pytest.raises(SystemExit) as end:
        main()
    return end.value.code, capfd.readouterr().err.strip().splitlines()


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_word_that_is_no_option_is_one_line(words, capfd, monkeypatch):
    code, lines = ends([*words, "--nosuch"], capfd, monkeypatch)
    assert code == 2
    (line,) = lines
    assert line.startswith("error: ")
    assert line.endswith("--help' tells what would do")


READING = [
    words
    for words in COMMANDS
    if any(one.param_type_name == "argument" and (one.metavar or "").strip("[]") in FILES for one in parameters(words))
]


@pytest.mark.parametrize("words", READING, ids=" ".join)
def test_a_file_that_is_not_there_is_one_line_and_nothing_is_written(words, tmp_path, capfd, monkeypatch):
    (tmp_path / "out").mkdir()
    code, lines = ends(typed(words, tmp_path), capfd, monkeypatch)
    assert code == 2, lines
    (line,) = lines
    assert line.startswith("error: ")
    assert "nothing" in line
    assert "would do" in line
    assert not list((tmp_path / "out").iterdir())


@pytest.mark.parametrize("option", ["--workers", "--shard-mb", "--count", "--seed", "--cpus"])
@pytest.mark.parametrize("value", ["many", "-1", "inf", "nan", "9" * 24, ""])
def test_a_number_that_is_none_is_one_line(option, value, toy_file, tmp_path, capfd, monkeypatch):
    arguments = ["generate", toy_file, "--out", tmp_path / "made", "--plugin", "toys", f"{option}={value}"]
    code, (line,) = ends(arguments, capfd, monkeypatch)
    assert code == 2
    assert "would do" in line
    assert not (tmp_path / "made").exists()


def shell(line, **options):
    simdata = f"{sys.executable} -m pipelines"
    command = ["bash", "-c", f"set -o pipefail; {line.replace('simdata', simdata)}"]
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


@pytest.mark.parametrize("line", ["simdata --help | true", "simdata diffuse --help | true"])
def test_a_reader_that_has_gone_is_no_fault(line):
    done = shell(line)
    assert (done.returncode, done.stderr) == (141, "")


def test_a_full_disk_behind_standard_output_is_one_line(toy_dataset):
    done = shell(f"simdata validate {toy_dataset} --quiet --json > /dev/full")
    assert done.returncode == 2
    assert done.stderr.startswith("error: standard output: No space left on device")
    assert done.stderr.count("\n") == 1


def test_without_standard_output_the_work_is_done(toy_dataset):
    assert shell(f"simdata validate {toy_dataset} >&-").returncode == 0


def test_ctrl_c_is_one_line_whatever_is_being_done(tmp_path):
    toys = tmp_path / "toys.py"
    toys.write_text((Path(__file__).parent / "toys.py").read_text())
    (tmp_path / "slow.yaml").write_text("phantom: {kind: toys.Block}\ngrow: [{kind: toys.Slow, seconds: 60.0}]\n")
    command = [sys.executable, "-m", "pipelines", "show", "slow.yaml", "0", "--out", "s.png", "--plugin", "toys"]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as run:
        time.sleep(3)
        run.send_signal(signal.SIGINT)
        said = run.communicate(timeout=30)[1]
    assert run.returncode in (130, -signal.SIGINT), "either is 130 in a shell"
    assert said.startswith("interrupted")
    assert said.count("\n") == 1
    assert not (tmp_path / "s.png").exists()


def test_a_log_tells_how_far_long_work_is(capfd, monkeypatch):
    clock = iter([0.0, 1.0, 31.0, 40.0, 95.0])
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    with told("generate") as tell:
        for done in (1, 2, 3, 4):
            tell(done, 4)
    lines = capfd.readouterr().err.splitlines()
    assert lines == ["generate 2/4 after 31.0 s", "generate 4/4 after 2 min"]
