"""What users install is whole: the wheel has the package, the sdist what builds and tests it; and it is of use."""

import os
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = {
    "pyproject.toml": """
[project]
name = "somebody-elses"
version = "1"

[tool.pytest.ini_options]
testpaths = ["tests"]
addopts = ["--strict-markers", "--strict-config", "-p", "no:asyncio"]
filterwarnings = ["error"]
""",
    "policy/chat.route": """
model tiny {}
model large {}
when messages <= 2 -> tiny as quick
else large
fallback [large]
""",
    "tests/requests.jsonl": """
{"id": "hello", "body": {"messages": [{"role": "user", "content": "hello"}]}}
{"id": "long", "body": {"messages": [{"role": "user", "content": "hello"}]}, "facts": {"messages": 3}}
""",
    "tests/test_policy.py": """
HELLO = {"messages": [{"role": "user", "content": "hello"}]}

def test_rules(route_snapshot):
    route_snapshot("policy", "tests/requests.jsonl")

def test_tiny_is_down(route_decide):
    assert route_decide("policy", HELLO, world={"models": {"tiny": {"up": False}}}).model == "large"
""",
    "tests/test_others.py": """
from syrupy.extensions.json import JSONSnapshotExtension

def test_amber(snapshot):
    assert {"answer": 42} == snapshot

def test_json(snapshot):
    assert {"answer": 42} == snapshot(extension_class=JSONSnapshotExtension)
""",
}
"""A project that uses syrupy for other things too."""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a wheel and an sdist of the project as it stands."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-d", str(folder)], cwd=ROOT, check=True)
    return folder


def tracked(folder: str) -> set[str]:
    """The files under the folder that git follows and that are still there."""
    listed = subprocess.run(["git", "ls-files", "-z", folder], cwd=ROOT, capture_output=True, text=True, check=True)
    return {name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()}


def test_the_wheel_has_the_whole_package(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = {f"src/{name}" for name in archive.namelist()}
    assert tracked("src") - names == set()


def test_the_sdist_has_what_is_committed(built: Path) -> None:
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert tracked(".") - names == set()


def test_the_wheel_works_by_itself(built: Path, tmp_path: Path) -> None:
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import routedsl.language; print(routedsl.__file__)"
    run = subprocess.run([sys.executable, "-I", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert Path(run.stdout.strip()).is_relative_to(tmp_path)


@pytest.fixture(scope="module")
def outside(built: Path, tmp_path_factory: pytest.TempPathFactory) -> "Outside":
    """A project of somebody else, with an environment of its own that has the wheel, and what it needs from ours."""
    folder = tmp_path_factory.mktemp("outside")
    venv.create(folder / "venv")
    (packages,) = folder.glob("venv/lib/python3*/site-packages")
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(packages)
    # What a `.pth` adds is not looked through for others of them, so our own checkout stays out.
    (packages / "borrowed.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    for name, text in PROJECT.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    return Outside(folder)


@dataclass(frozen=True)
class Outside:
    """The folder of the project."""

    folder: Path

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A module of its environment, run as from a shell there."""
        command = [str(self.folder / "venv" / "bin" / "python"), "-m", *arguments]
        plain = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PYTEST", "CI"))}
        return subprocess.run(command, cwd=self.folder, env=plain, capture_output=True, text=True, check=False)

    def pytest(self, *options: str) -> subprocess.CompletedProcess[str]:
        """Its tests."""
        return self.run("pytest", "-p", "no:cacheprovider", *options)


def test_a_project_outside_tests_its_policy_with_the_wheel(outside: Outside) -> None:
    where = outside.run("routedsl", "--version")
    assert (where.returncode, where.stderr) == (0, "")
    made = outside.pytest("--snapshot-update")
    assert "3 snapshots generated" in made.stdout, made.stdout + made.stderr
    table = (outside.folder / "tests" / "__snapshots__" / "test_policy" / "test_rules.txt").read_text()
    assert table.splitlines()[1].split() == ["hello", "auto", "quick", "tiny", "large", "messages", "1"]


@pytest.mark.parametrize(
    "options", [("-n", "2"), ("-p", "no:randomly"), ()], ids=["in parallel", "in order", "in any order"]
)
def test_its_tests_pass_however_they_are_run(outside: Outside, options: tuple[str, ...]) -> None:
    if not (outside.folder / "tests" / "__snapshots__").is_dir():
        outside.pytest("--snapshot-update")
    ran = outside.pytest(*options)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "4 passed" in ran.stdout
