"""What a machine has: the real one can be read, and a described one says what it can do."""

from dataclasses import replace

from bot.machine.facts import FEATURES, GB, Machine, this_machine

SERVER = Machine("EPYC", "x86_64", ("avx2",), cores=8, quota=None, memory=8 * GB)


def test_this_machine_has_a_processor_and_memory():
    machine = this_machine()
    assert machine.cpu and machine.architecture
    assert machine.cores >= 1
    assert machine.memory > GB // 4
    assert set(machine.features) <= set(FEATURES)


def test_a_limit_on_memory_counts_and_not_what_the_computer_has(tmp_path):
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/cgroup").write_text("0::/\n")
    (tmp_path / "sys/fs/cgroup").mkdir(parents=True)
    (tmp_path / "sys/fs/cgroup/memory.max").write_text(str(GB // 8))
    assert this_machine(tmp_path).memory == GB // 8


def test_threads_are_those_that_the_quota_lets_work_at_once():
    assert SERVER.threads == 8
    assert not SERVER.throttled
    assert replace(SERVER, quota=1.5).threads == 2
    assert replace(SERVER, quota=0.3).threads == 1
    assert replace(SERVER, quota=64.0).threads == 8
    assert replace(SERVER, quota=1.5).throttled


def test_bfloat16_is_native_only_where_the_processor_multiplies_it():
    assert not SERVER.has_bf16
    assert not replace(SERVER, features=("avx2", "avx512f", "avx512_vnni")).has_bf16
    assert replace(SERVER, features=("avx512_bf16",)).has_bf16
    assert replace(SERVER, features=("asimd", "bf16")).has_bf16


def test_it_says_in_a_few_words_what_it_is():
    assert str(SERVER) == "EPYC, 8 cores, 8.0 GB of memory"
    assert str(replace(SERVER, quota=1.0)) == "EPYC, 1 core, 8.0 GB of memory"
