"""The decoding process: what it may do, how its samples are handed on, and how it ends."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from earmark.speech.decoding.process import DecodedStream, decoding
from earmark.speech.decoding.types import DecoderKilledError, DecodingLimits, UndecodableError
from tests.speech.media_files import KINDS, MAX_MS, tones, write, write_wav

pytestmark = pytest.mark.anyio
COUNT = "import sys; print(len(sys.stdin.buffer.read()))"


@pytest.fixture(scope="module")
def hour(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An hour of silence, which waits for its reader."""
    path = write_wav(tmp_path_factory.mktemp("hour") / "media", tones(16_000, 1_000))
    with path.open("r+b") as file:
        file.seek(4)
        file.write((36 + 3_600 * 32_000).to_bytes(4, "little"))
        file.seek(40)
        file.write((3_600 * 32_000).to_bytes(4, "little"))
        file.truncate(44 + 3_600 * 32_000)
    return path


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def proc(stream: DecodedStream, name: str) -> str:
    return Path(f"/proc/{stream.pid}/{name}").read_text(encoding="utf-8")


def limits_of(stream: DecodedStream) -> dict[str, str]:
    rows = re.findall(r"^Max (.+?)  +(\S+) ", proc(stream, "limits"), re.MULTILINE)
    return dict(rows)


def open_count() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def children() -> set[str]:
    """Return this process's decoding processes."""
    tasks = Path("/proc/self/task").glob("*/children")
    pids = {pid for task in tasks for pid in task.read_text(encoding="utf-8").split()}
    return {pid for pid in pids if b"earmark.speech.decoding" in Path(f"/proc/{pid}/cmdline").read_bytes()}


async def test_the_process_may_open_nothing_and_gives_way_to_others(hour: Path) -> None:
    with hour.open("rb") as file:
        async with decoding(file, max_ms=MAX_MS, limits=DecodingLimits(memory_bytes=900 << 20)) as stream:
            limits = limits_of(stream)
            assert limits["open files"] == limits["file size"] == limits["core file size"] == "0"
            assert limits["address space"] == str(900 << 20)
            assert limits["cpu time"] == str(DecodingLimits().cpu_s(hour.stat().st_size, MAX_MS))
            assert os.getpriority(os.PRIO_PROCESS, stream.pid) == 19
            assert os.getpgid(stream.pid) == os.getsid(stream.pid) == stream.pid


async def test_the_process_gets_the_file_and_two_pipes_and_no_settings(
    hour: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EARMARK_LLM_API_KEY", "secret")
    inheritable, other = os.pipe()
    os.set_inheritable(inheritable, True)
    with hour.open("rb") as file:
        async with decoding(file, max_ms=MAX_MS) as stream:
            opened = {one.name: str(one.readlink()) for one in Path(f"/proc/{stream.pid}/fd").iterdir()}
            assert opened.pop("0") == str(hour)
            assert len(opened) == 2
            assert all(target.startswith(("pipe:", "socket:")) for target in opened.values())
            assert "secret" not in proc(stream, "environ")
    os.close(inheritable)
    os.close(other)


async def test_another_process_can_read_the_samples(tmp_path: Path) -> None:
    with write(tmp_path / "media", KINDS["mp3"]).open("rb") as file:
        async with decoding(file, skip_ms=1_000, max_ms=MAX_MS) as stream:
            reader = await asyncio.create_subprocess_exec(
                sys.executable, "-c", COUNT, stdin=stream.stdout_fd, stdout=subprocess.PIPE
            )
            stream.close_stdout()
            counted, _ = await reader.communicate()
            assert int(counted) == 5_000 * 32
            assert (await stream.report()).problem is None


async def test_the_process_ends_when_its_reader_is_gone(hour: Path) -> None:
    with hour.open("rb") as file:
        async with decoding(file, max_ms=MAX_MS) as stream:
            stream.close_stdout()
            await stream.report()
            assert not is_running(stream.pid)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
async def test_a_process_that_is_killed_says_nothing_of_the_recording(hour: Path, number: int) -> None:
    with hour.open("rb") as file:
        async with decoding(file, max_ms=MAX_MS) as stream:
            await stream.read()
            os.kill(stream.pid, number)
            while await stream.read():
                pass
            with pytest.raises(DecoderKilledError):
                await stream.report()


@pytest.mark.parametrize("number", [signal.SIGXCPU, signal.SIGSEGV])
async def test_a_process_that_dies_of_the_file_leaves_a_partial_recording(hour: Path, number: int) -> None:
    with hour.open("rb") as file:
        async with decoding(file, max_ms=MAX_MS) as stream:
            got = 0
            while got < 200 * 32_000:
                got += len(await stream.read())
            os.kill(stream.pid, number)
            while piece := await stream.read():
                got += len(piece)
            report = await stream.report()
    assert (report.problem, report.is_partial) == ("audio_corrupt", True)
    assert 120_000 <= report.decoded_ms <= got // 32


async def test_leaving_the_block_ends_the_process(hour: Path) -> None:
    with hour.open("rb") as file:
        async with decoding(file, max_ms=MAX_MS) as stream:
            assert is_running(stream.pid)
        assert not is_running(stream.pid)
        with pytest.raises(ValueError, match="closed"):
            _ = stream.stdout_fd


async def test_an_error_in_the_block_is_raised_and_ends_the_process(hour: Path) -> None:
    pids = []
    with hour.open("rb") as file, pytest.raises(RuntimeError, match="mine"):
        async with decoding(file, max_ms=MAX_MS) as stream:
            pids.append(stream.pid)
            raise RuntimeError("mine")
    assert not is_running(pids[0])


async def test_a_cancelled_task_ends_the_process_while_it_waits_for_samples(hour: Path) -> None:
    started: asyncio.Future[DecodedStream] = asyncio.get_running_loop().create_future()

    async def read() -> None:
        with hour.open("rb") as file:
            async with decoding(file, max_ms=MAX_MS) as stream:
                os.kill(stream.pid, signal.SIGSTOP)  # so that reading has to wait
                started.set_result(stream)
                while await stream.read():
                    pass

    task = asyncio.ensure_future(read())
    stream = await started
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not is_running(stream.pid)


@pytest.mark.parametrize("after_s", [0, 0.01, 0.1, 0.3, 1])
async def test_a_task_cancelled_at_any_moment_leaves_no_process(hour: Path, after_s: float) -> None:
    before = open_count()
    with hour.open("rb") as file, pytest.raises(TimeoutError):
        async with asyncio.timeout(after_s), decoding(file, max_ms=MAX_MS) as stream:
            await stream.report()
    while children():
        await asyncio.sleep(0)
    assert open_count() == before


async def test_a_file_that_is_none_is_a_problem_and_leaves_no_process(tmp_path: Path) -> None:
    (tmp_path / "media").write_bytes(b"words " * 1_000)
    with (tmp_path / "media").open("rb") as file, pytest.raises(UndecodableError) as caught:
        async with decoding(file, max_ms=MAX_MS):
            raise AssertionError("there is nothing to read")
    assert caught.value.problem == "unsupported_format"
    assert not children()


def test_the_server_does_not_load_the_decoders() -> None:
    code = "import sys, earmark.speech.decoding.probe; print({'av', 'numpy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_cpu_time_grows_with_the_file_and_with_the_time_that_may_be_decoded() -> None:
    limits = DecodingLimits(base_cpu_s=10, cpu_s_per_hour=100, cpu_s_per_mib=20)
    assert limits.cpu_s(0, 3_600_000) == 10 + 20
    assert limits.cpu_s(100 << 20, 3_600_000) == 10 + 100
    assert limits.cpu_s(100 << 20, 10 * 3_600_000) == 10 + 1_000


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mp3", "flac-in-mkv"])
async def test_memory_is_the_same_for_ten_minutes_and_two_hours(tmp_path: Path, name: str) -> None:
    peaks = []
    for minutes in (10, 120):
        path = long_file(tmp_path / "media", name, minutes)
        with path.open("rb") as file:
            async with decoding(file, max_ms=MAX_MS) as stream:
                left = (minutes * 60 - 20) * 32_000
                while left > 0:
                    left -= len(await stream.read())
                peaks.append(int(re.findall(r"VmHWM:\s+(\d+) kB", proc(stream, "status"))[0]))
    assert peaks[1] < peaks[0] + 4_096


def long_file(path: Path, name: str, minutes: int) -> Path:
    if name != "mp3":
        kind = KINDS["mkv"]._replace(codec="flac", rate=16_000)
        return write(path, kind, tones(16_000, minutes * 60_000))
    once = write(path, KINDS["mp3"], tones(44_100, 60_000)).read_bytes()
    with path.open("wb") as file:
        for _ in range(minutes):
            file.write(once)
    return path
