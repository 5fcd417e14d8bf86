"""What a container may use, read from the files of control groups as systemd and Docker write them."""

import pytest

from bot.machine.cgroups import Limits, read_limits

GB = 1 << 30


@pytest.fixture
def root(tmp_path):
    def write(**files):
        for path, text in files.items():
            file = tmp_path / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        return tmp_path

    return lambda files: write(**files)


def test_without_groups_there_is_no_limit(tmp_path):
    assert read_limits(tmp_path) == Limits()


def test_version_2_in_a_container_that_sees_its_group_as_the_root(root):
    folder = root(
        {
            "proc/self/cgroup": "0::/\n",
            "sys/fs/cgroup/cpu.max": "150000 100000\n",
            "sys/fs/cgroup/memory.max": f"{2 * GB}\n",
        }
    )
    assert read_limits(folder) == Limits(1.5, 2 * GB)


def test_the_tightest_of_the_groups_around_counts(root):
    folder = root(
        {
            "proc/self/cgroup": "0::/bots.slice/bot.service\n",
            "sys/fs/cgroup/bots.slice/cpu.max": "200000 100000",
            "sys/fs/cgroup/bots.slice/memory.max": f"{4 * GB}",
            "sys/fs/cgroup/bots.slice/bot.service/cpu.max": "max 100000",
            "sys/fs/cgroup/bots.slice/bot.service/memory.max": f"{8 * GB}",
        }
    )
    assert read_limits(folder) == Limits(2.0, 4 * GB)


def test_max_is_no_limit(root):
    folder = root(
        {
            "proc/self/cgroup": "0::/\n",
            "sys/fs/cgroup/cpu.max": "max 100000",
            "sys/fs/cgroup/memory.max": "max",
        }
    )
    assert read_limits(folder) == Limits()


def test_version_1(root):
    folder = root(
        {
            "proc/self/cgroup": "5:cpu,cpuacct:/docker/abc\n4:memory:/docker/abc\n1:name=systemd:/\n",
            "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "100000",
            "sys/fs/cgroup/cpu/cpu.cfs_period_us": "50000",
            "sys/fs/cgroup/cpu/docker/abc/cpu.cfs_quota_us": "-1",
            "sys/fs/cgroup/cpu/docker/abc/cpu.cfs_period_us": "50000",
            "sys/fs/cgroup/memory/memory.limit_in_bytes": f"{3 * GB}",
        }
    )
    assert read_limits(folder) == Limits(2.0, 3 * GB)


@pytest.mark.parametrize("text", ["", "nonsense", "200000", "200000 0", "0 100000", "max"])
def test_what_cannot_be_read_is_no_limit(root, text):
    folder = root({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": text})
    assert read_limits(folder).cores is None
