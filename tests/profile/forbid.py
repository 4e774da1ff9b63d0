"""``python forbid.py CALL,… COMMAND …``: runs a command whose system calls of these names are not permitted.

A seccomp filter, as a container's runtime sets one: the only way to see a refusal where everything is permitted.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys

NUMBERS = {"x86_64": {"ptrace": 101}, "aarch64": {"ptrace": 117}}
"""Of the system calls, by machine. Source: Linux, arch/x86/entry/syscalls and include/uapi/asm-generic/unistd.h."""

LOAD, EQUAL, RETURN = 0x20, 0x15, 0x06  # of BPF: load a word, jump if equal, return
ALLOW, DENY = 0x7FFF0000, 0x00050000 | 1  # of seccomp: allow; fail with EPERM
NO_NEW_PRIVILEGES, SET_SECCOMP, FILTER = 38, 22, 2  # of prctl


class Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def main(names: str, *command: str) -> None:
    numbers = [NUMBERS[os.uname().machine][name] for name in names.split(",")]
    steps = [(LOAD, 0, 0, 0)]
    steps += [(EQUAL, len(numbers) - i, 0, number) for i, number in enumerate(numbers)]
    steps += [(RETURN, 0, 0, ALLOW), (RETURN, 0, 0, DENY)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
    program = Program(len(steps), ctypes.addressof(code))
    libc = ctypes.CDLL(None, use_errno=True)
    for words in ((NO_NEW_PRIVILEGES, 1, 0, 0, 0), (SET_SECCOMP, FILTER, ctypes.byref(program))):
        if libc.prctl(*words):
            raise OSError(ctypes.get_errno(), "prctl")
    os.execv(command[0], command)


if __name__ == "__main__":
    main(*sys.argv[1:])
