"""Room rule: throw-away certificates of one test run, made by the openssl program."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

HOST = "subjectAltName=IP:127.0.0.1"
ELSEWHERE = "subjectAltName=DNS:elsewhere.example"


@dataclass(frozen=True, slots=True)
class Authority:
    """Signs certificates into its folder."""

    folder: Path

    @property
    def file(self) -> Path:
        return self.folder / "ca.crt"

    @classmethod
    def make(cls, folder: Path) -> "Authority":
        folder.mkdir()
        _openssl(
            folder,
            *("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
            *("-nodes", "-keyout", "ca.key", "-out", "ca.crt", "-days", "2", "-subj", "/CN=test"),
            *("-addext", "basicConstraints=critical,CA:TRUE"),
            *("-addext", "keyUsage=critical,keyCertSign"),
        )
        return cls(folder)

    def sign_between(self, name: str, extension: str, first: str, last: str) -> tuple[Path, Path]:
        """Valid from and to, as YYYYMMDDHHMMSSZ: openssl's `x509` only counts days from now."""
        self.sign(name, extension)
        (self.folder / "index.txt").write_text("")
        (self.folder / "ca.cnf").write_text(
            f"[ca]\ndefault_ca=d\n[d]\nnew_certs_dir={self.folder}\ndatabase={self.folder}/index.txt\n"
            f"default_md=sha256\npolicy=p\nrand_serial=yes\n[p]\ncommonName=supplied\n"
        )
        _openssl(
            self.folder,
            *("ca", "-batch", "-notext", "-config", "ca.cnf", "-cert", "ca.crt", "-keyfile"),
            *("ca.key", "-in", f"{name}.csr", "-out", f"{name}.crt", "-extfile", f"{name}.ext"),
            *("-startdate", first, "-enddate", last),
        )
        return self.folder / f"{name}.crt", self.folder / f"{name}.key"

    def sign(self, name: str, extension: str, *dates: str) -> tuple[Path, Path]:
        """Certificate and key. `dates` are openssl's own words for when it is valid."""
        (self.folder / f"{name}.ext").write_text(extension + "\n")
        _openssl(
            self.folder,
            *("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}"),
        )
        _openssl(
            self.folder,
            *("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key"),
            *("-CAcreateserial", "-out", f"{name}.crt", "-extfile", f"{name}.ext"),
            *(dates or ("-days", "2")),
        )
        return self.folder / f"{name}.crt", self.folder / f"{name}.key"


def _openssl(folder: Path, *words: str) -> None:
    subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)
