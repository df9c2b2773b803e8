"""A certificate authority that signs and revokes, by the openssl command."""
import hashlib
import subprocess
import time

CONFIG = """[ca]
default_ca = it
[it]
database = index.txt
serial = serial
crlnumber = crlnumber
new_certs_dir = .
certificate = ca.pem
private_key = ca.key
default_md = sha256
default_days = 2
default_crl_days = 2
policy = any
unique_subject = no
copy_extensions = copy
[any]
countryName = optional
organizationName = optional
commonName = optional
"""


class Pki:
    def __init__(self, folder):
        folder.mkdir(exist_ok=True)
        self.folder = folder
        (folder / "openssl.cnf").write_text(CONFIG)
        (folder / "index.txt").write_text("")
        (folder / "serial").write_text("01\n")
        (folder / "crlnumber").write_text("01\n")
        self.run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                 "-days", "2", "-subj", "/CN=CA of tests", "-keyout", "ca.key", "-out", "ca.pem")
        self.ca = folder / "ca.pem"
        self.crl = folder / "crl.pem"
        self.write_crl()

    def run(self, *args):
        return subprocess.run(["openssl", *args], cwd=self.folder, check=True,
                              capture_output=True).stdout

    def sign(self, name, subject, san=None, seconds=None):
        """(certificate, key); it is good for two days, or so many seconds."""
        end = time.strftime("%y%m%d%H%M%SZ", time.gmtime(time.time() + seconds)) if seconds else None
        extensions = ["-addext", f"subjectAltName={san}"] if san else []
        self.run("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                 "-utf8", "-subj", subject, "-keyout", f"{name}.key", "-out", f"{name}.csr",
                 *extensions)
        self.run("ca", "-config", "openssl.cnf", "-batch", "-notext", "-in", f"{name}.csr",
                 "-out", f"{name}.pem", *(["-enddate", end] if end else []))
        return self.folder / f"{name}.pem", self.folder / f"{name}.key"

    def revoke(self, name):
        self.run("ca", "-config", "openssl.cnf", "-revoke", f"{name}.pem")
        self.write_crl()

    def write_crl(self, *more):
        self.run("ca", "-config", "openssl.cnf", "-gencrl", "-out", "crl.pem", *more)

    def pin(self, name):
        """The SHA-256 of the public key."""
        key = self.run("x509", "-in", f"{name}.pem", "-noout", "-pubkey")
        (self.folder / "pub.pem").write_bytes(key)
        return hashlib.sha256(self.run("pkey", "-pubin", "-in", "pub.pem", "-outform",
                                       "DER")).hexdigest()
