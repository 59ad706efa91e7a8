"""smtp-source and smtp-sink out of Debian's postfix package, unpacked and never installed; no mail daemon is started."""

import os
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Postfix:
    """The unpacked package."""

    root: Path

    @classmethod
    def unpack(cls, under: Path) -> "Postfix":
        """Download the package with apt-get and unpack it under a directory, unless that has been done."""
        root = under / "postfix"
        if not (root / "usr/sbin/smtp-sink").exists():
            under.mkdir(parents=True, exist_ok=True)
            apt, dpkg = shutil.which("apt-get"), shutil.which("dpkg")
            if apt is None or dpkg is None:
                raise SystemExit("smtp-source and smtp-sink come from Debian's postfix package: apt-get and dpkg are needed.")
            subprocess.run([apt, "download", "postfix"], cwd=under, check=True, capture_output=True)
            package = next(under.glob("postfix_*.deb"))
            subprocess.run([dpkg, "-x", str(package), str(root)], check=True)
        return cls(root)

    def _environment(self) -> dict[str, str]:
        return {"LD_LIBRARY_PATH": str(self.root / "usr/lib/postfix"), "PATH": os.environ["PATH"]}

    def sink(self, counters: Path) -> tuple[subprocess.Popen[bytes], int]:
        """A running smtp-sink that writes its counters to a file, and its port."""
        with socket.create_server(("127.0.0.1", 0)) as free:
            port: int = free.getsockname()[1]
        command = [str(self.root / "usr/sbin/smtp-sink"), "-c"]
        if os.geteuid() == 0:
            command += ["-u", "nobody"]
        with counters.open("wb") as output:
            sink = subprocess.Popen([*command, f"127.0.0.1:{port}", "512"], env=self._environment(), stdout=output)
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", port)).close()
            except OSError:
                time.sleep(0.05)
            else:
                return sink, port
        sink.terminate()
        raise SystemExit("smtp-sink does not answer")

    def source(self, port: int, messages: int, size: int) -> float:
        """Seconds that smtp-source takes for so many messages of `size` octets over ten sessions."""
        command = [str(self.root / "usr/sbin/smtp-source"), "-d", "-s", "10", "-m", str(messages), "-l", str(size)]
        start = time.perf_counter()
        subprocess.run(
            [*command, "-f", "bench@example.org", "-t", "reader@example.org", f"127.0.0.1:{port}"],
            env=self._environment(),
            check=True,
        )
        return time.perf_counter() - start
