"""What completes the program's command lines and what describes them, read by the shells and by `man` themselves."""

import re
import subprocess

import pytest

from harness.process import binary, environment

pytestmark = pytest.mark.operation


def run(*words, stdin=None):
    done = subprocess.run(words, input=stdin, capture_output=True, text=True, env=environment(), timeout=60)
    assert (done.returncode, done.stderr) == (0, ""), words
    return done.stdout


def commands(*path):
    """Each command as its words, by what `--help` lists, and the options that its own help names."""
    text = run(binary(), *path, "--help")
    _, heading, listed = text.partition("\nCommands:\n")
    # A line that goes on is indented deeper than a name.
    names = re.findall(r"^ {2}([a-z][a-z-]*)", listed.partition("\n\n")[0], re.MULTILINE) if heading else []
    found = {path: set(re.findall(r"^ {2,}(?:-\w, )?(--[a-z-]+)", text, re.MULTILINE))}
    for name in names:
        if name != "help":
            found |= commands(*path, name)
    return found


@pytest.fixture(scope="module")
def known():
    found = commands()
    assert {("serve",), ("account", "create"), ("rotate-root",)} < found.keys()
    assert "--data-dir" in found[("serve",)]
    return found


BASH = """
source /dev/stdin
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
_sealroom "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
printf '%s\\n' "${COMPREPLY[@]}"
"""


def completed(script, *words):
    return set(run("bash", "--norc", "-c", BASH, "bash", *words, stdin=script).split())


def test_bash_completes_every_command_and_every_option(known):
    script = run(binary(), "completions", "bash")
    for path, options in known.items():
        below = {other[-1] for other in known if other[:-1] == path and other}
        assert below <= completed(script, "sealroom", *path, ""), path
        assert options <= completed(script, "sealroom", *path, "--"), path


def test_bash_completes_what_was_begun_and_nothing_else():
    script = run(binary(), "completions", "bash")
    assert completed(script, "sealroom", "rotate-") == {"rotate-domain", "rotate-root"}
    assert completed(script, "sealroom", "serve", "--compat", "a") == {"aws"}
    assert completed(script, "sealroom", "nothing-like-it") == set()


@pytest.mark.parametrize("shell", [("bash", "-n"), ("zsh", "-n"), ("fish", "--no-execute")])
def test_a_shell_reads_its_script(shell, known, tmp_path):
    script = tmp_path / "script"
    script.write_text(run(binary(), "completions", shell[0]))
    assert run(*shell, script) == ""
    words = set(re.findall(r"[a-z-]+", script.read_text()))
    assert {word for path in known for word in path} <= words


def test_every_command_has_a_page_that_man_reads(known, tmp_path):
    run(binary(), "man", "--out", tmp_path / "made" / "man1")
    pages = {page.name: page for page in (tmp_path / "made" / "man1").iterdir()}
    assert pages.keys() == {"-".join(("sealroom", *path)) + ".1" for path in known}
    for path, options in known.items():
        page = pages["-".join(("sealroom", *path)) + ".1"]
        # The overstrikes of bold letters go.
        text = re.sub(".\b", "", run("mandoc", "-T", "utf8", "-W", "error,stop", page))
        missing = {option for option in options if option not in text}
        assert not missing, (path, missing)


def test_the_page_of_the_program_itself_goes_to_standard_output(tmp_path):
    run(binary(), "man", "--out", tmp_path)
    assert run(binary(), "man") == (tmp_path / "sealroom.1").read_text()


def test_pages_that_cannot_be_written_are_said_to_be_so(tmp_path):
    taken = tmp_path / "file"
    taken.touch()
    done = subprocess.run([binary(), "man", "--out", taken], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and str(taken) in done.stderr, done.stderr
    done = subprocess.run([binary(), "completions", "tcsh"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and "possible values: bash" in done.stderr, done.stderr
