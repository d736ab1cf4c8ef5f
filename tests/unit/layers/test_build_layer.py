"""The build of the dependency layer, on packages of a few lines."""

import base64
import hashlib
import marshal
import platform
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from layers.dependencies.build_layer import (
    ELF_MACHINES,
    MACHINES,
    BuildFailed,
    compile_bytecode,
    install,
    prove,
    prune,
    wheelhouse,
)

PYC_HEADER_BYTES = 16


def package(root: Path, text: str = "VALUE = 'from the bytecode'\n") -> Path:
    module = root / "demo" / "__init__.py"
    module.parent.mkdir(parents=True)
    module.write_text(text)
    return module


def bytecode(root: Path) -> Path:
    (found,) = root.rglob("*.pyc")
    return found


def test_bytecode_is_used_after_a_zip_has_changed_every_time_stamp(tmp_path: Path) -> None:
    package(tmp_path / "built")
    assert compile_bytecode(tmp_path / "built")

    with zipfile.ZipFile(tmp_path / "layer.zip", "w") as layer:
        for path in (tmp_path / "built").rglob("*.py*"):
            info = zipfile.ZipInfo(str(path.relative_to(tmp_path / "built")), date_time=(1980, 1, 1, 0, 0, 0))
            layer.writestr(info, path.read_bytes())
    with zipfile.ZipFile(tmp_path / "layer.zip") as layer:
        layer.extractall(tmp_path / "opt")
    # Another source than was compiled: what is printed tells which of the two was loaded.
    (tmp_path / "opt/demo/__init__.py").write_text("VALUE = 'from the source'\n")
    code = f"import sys; sys.path.insert(0, {str(tmp_path / 'opt')!r}); import demo; print(demo.VALUE)"
    done = subprocess.run(  # noqa: S603 -- our own interpreter, our own code
        [sys.executable, "-I", "-S", "-B", "-c", code], check=True, capture_output=True, text=True
    )

    assert done.stdout.strip() == "from the bytecode"


def test_bytecode_names_the_runtimes_folder_and_not_the_building_machines(tmp_path: Path) -> None:
    package(tmp_path)
    compile_bytecode(tmp_path)

    code = marshal.loads(bytecode(tmp_path).read_bytes()[PYC_HEADER_BYTES:])  # noqa: S302 -- compiled a line above

    assert code.co_filename == "/opt/python/demo/__init__.py"


def test_two_builds_give_the_same_bytes(tmp_path: Path) -> None:
    for build in ("one", "two"):
        package(tmp_path / build)
        compile_bytecode(tmp_path / build)

    assert bytecode(tmp_path / "one").read_bytes() == bytecode(tmp_path / "two").read_bytes()


def test_another_python_makes_no_bytecode_and_says_so(tmp_path: Path) -> None:
    package(tmp_path)

    assert compile_bytecode(tmp_path, building=(3, 12)) is False
    assert not list(tmp_path.rglob("*.pyc"))


def test_a_module_that_does_not_compile_fails_the_build(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    package(tmp_path, "def broken(:\n")

    with pytest.raises(BuildFailed):
        compile_bytecode(tmp_path)

    assert "demo" in capfd.readouterr().out


def test_pruning_keeps_metadata_and_licences(tmp_path: Path) -> None:
    keep = [
        "demo-1.0.dist-info/METADATA",
        "demo-1.0.dist-info/licenses/LICENSE",
        "demo/__init__.py",
        "Crypto/Cipher/AES.py",
    ]
    drop = [
        "demo-1.0.dist-info/RECORD",
        "demo/stubs.pyi",
        "demo/sub/tests/test_x.py",
        "Crypto/SelfTest/run.py",
        "bin/demo",
    ]
    for name in (*keep, *drop):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()

    prune(tmp_path)

    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()) == sorted(keep)


@pytest.mark.parametrize("architecture", sorted(MACHINES))
def test_a_library_for_another_processor_fails_the_build(tmp_path: Path, architecture: str) -> None:
    (other,) = set(MACHINES) - {architecture}
    elf = b"\x7fELF" + bytes(14) + ELF_MACHINES[other].to_bytes(2, "little") + bytes(44)
    (tmp_path / "demo.abi3.so").write_bytes(elf)

    with pytest.raises(BuildFailed, match=f"demo.abi3.so is not for {architecture}"):
        prove(tmp_path, architecture)


def test_a_layer_that_does_not_import_fails_the_build(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    architecture = {machine: word for word, machine in MACHINES.items()}.get(platform.machine())
    if architecture is None or sys.platform != "linux":
        pytest.skip("the layer cannot run on this machine")

    with pytest.raises(BuildFailed, match="does not import"):
        prove(tmp_path, architecture)

    assert "httpx" in capfd.readouterr().err


@pytest.fixture
def no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next build of this user, with an index that nobody answers for."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)


def wheel(folder: Path) -> str:
    """Write a package of one module as a wheel; return its hash."""
    files = {
        "demo.py": b"VALUE = 1\n",
        "demo-1.0.dist-info/METADATA": b"Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n",
        "demo-1.0.dist-info/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = ["demo-1.0.dist-info/RECORD,,"]
    for name, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text).digest()).rstrip(b"=").decode()
        record.append(f"{name},sha256={digest},{len(text)}")
    files["demo-1.0.dist-info/RECORD"] = "\n".join(record).encode()
    folder.mkdir(parents=True)
    path = folder / "demo-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_second_build_needs_no_network(tmp_path: Path, no_network: None) -> None:
    digest = wheel(tmp_path / "downloaded")
    lock = tmp_path / "requirements.txt"
    lock.write_text(f"demo==1.0 --hash=sha256:{digest}\n")
    wheels = wheelhouse(lock, "arm64")
    wheels.parent.mkdir(parents=True)
    (tmp_path / "downloaded").rename(wheels)

    install(lock, "arm64", tmp_path / "layer")

    assert (tmp_path / "layer/demo.py").read_text() == "VALUE = 1\n"


def test_a_kept_wheel_that_was_altered_is_refused(
    tmp_path: Path, no_network: None, capfd: pytest.CaptureFixture[str]
) -> None:
    lock = tmp_path / "requirements.txt"
    lock.write_text(f"demo==1.0 --hash=sha256:{'0' * 64}\n")
    wheel(wheelhouse(lock, "arm64"))

    with pytest.raises(BuildFailed):
        install(lock, "arm64", tmp_path / "layer")

    assert "hash" in capfd.readouterr().err.lower()
    assert not (tmp_path / "layer").exists()


def test_an_interrupted_download_leaves_nothing_that_passes_for_complete(
    tmp_path: Path, no_network: None, capfd: pytest.CaptureFixture[str]
) -> None:
    lock = tmp_path / "requirements.txt"
    lock.write_text(f"demo==1.0 --hash=sha256:{'0' * 64}\n")

    with pytest.raises(BuildFailed):
        install(lock, "arm64", tmp_path / "layer")

    assert not list(wheelhouse(lock, "arm64").parent.iterdir())
    assert capfd.readouterr().err


def test_every_lock_and_processor_has_its_own_wheels(tmp_path: Path, no_network: None) -> None:
    one, two = tmp_path / "one.txt", tmp_path / "two.txt"
    one.write_text("a==1\n")
    two.write_text("a==2\n")

    assert len({wheelhouse(lock, word) for lock in (one, two) for word in MACHINES}) == 4
