"""docker/: what the containers are made of goes together, and runs as it stands there. tests/full/image.sh
builds and runs the real ones."""
import os
import re
import subprocess

import pytest
import yaml

from footprintd import BUILD, LIMIT, ROOT, Server, run

DOCKER = ROOT / "docker"
COMPOSE = yaml.safe_load((DOCKER / "compose.yaml").read_text())
SERVICES = COMPOSE["services"]
DCDNS = [name for name, service in SERVICES.items() if "8443" in str(service.get("ports"))]
UCDNS = [name for name, service in SERVICES.items() if "footprintctl" in str(service.get("entrypoint"))]


@pytest.fixture(scope="module")
def secrets(tmp_path_factory):
    """As the page says to make them, without being root."""
    directory = tmp_path_factory.mktemp("trial") / "secrets"
    user = f"{os.getuid()}:{os.getgid()}"
    subprocess.run(["sh", DOCKER / "make-secrets.sh", directory, user], check=True, timeout=LIMIT)
    again = subprocess.run(["sh", DOCKER / "make-secrets.sh", directory, user], timeout=LIMIT,
                           capture_output=True, text=True)
    assert again.returncode == 1 and "is there already" in again.stderr
    return directory


def mounts(service):
    """{where in the container: what}"""
    return {place: what for what, place in (volume.split(":")[:2] for volume in service["volumes"])}


@pytest.fixture
def config(request, secrets, tmp_path):
    """The configuration of a downstream CDN of the trial, with this machine's paths and ports."""
    inside = mounts(SERVICES[request.param])
    text = (DOCKER / inside["/etc/footprintd/footprintd.yaml"]).read_text()
    text = re.sub(r'"0\.0\.0\.0:\d+"', '"127.0.0.1:0"', text).replace("/run/secrets", str(secrets))
    text = text.replace("footprints: footprints",
                        f"footprints: {DOCKER / inside['/etc/footprintd/footprints']}")
    text = text.replace("/var/lib/footprintd", str(tmp_path / "state"))
    path = tmp_path / "footprintd.yaml"
    path.write_text(text)
    return path


def test_mounts_are_there():
    """Files of the repository; secrets are made, names without a path are volumes."""
    wanted = {what for service in SERVICES.values() for what in mounts(service).values()
              if what.startswith(".") and what != "./secrets"}
    assert len(wanted) > 6
    assert [what for what in wanted if not (DOCKER / what).exists()] == []
    volumes = {what for service in SERVICES.values() for what in mounts(service).values()
               if not what.startswith(".")}
    assert volumes == set(COMPOSE["volumes"])


def test_who_needs_whom():
    for service in SERVICES.values():
        assert set(service.get("depends_on", ())) <= set(SERVICES)
    assert len(DCDNS) == len(UCDNS) == 2
    for name in DCDNS + UCDNS:
        service = SERVICES[name]
        assert service["read_only"] and service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.parametrize("config", DCDNS, indirect=True)
def test_configurations(config):
    done = run("footprintd", "--config", config, "--check-config")
    assert done.returncode == 0 and " 0 errors, 0 warnings" in done.stderr + done.stdout


@pytest.mark.parametrize("name", UCDNS)
@pytest.mark.parametrize("config", DCDNS, indirect=True)
def test_upstream_follows(name, config, secrets, tmp_path):
    """The command of the upstream CDN gets everything, by the certificate of the trial."""
    service = SERVICES[name]
    (tmp_path / "data").mkdir()
    with Server(config) as server:
        places = {"/run/secrets": str(secrets), "/var/lib/footprintd": str(tmp_path / "data"),
                  "/usr/bin/footprintctl": str(BUILD / "footprintctl")}
        command = []
        for word in service["entrypoint"] + service["command"]:
            for place, here in places.items():
                word = word.replace(place, here)
            command.append(re.sub(r"https://\w+:8443", server.url.replace("127.0.0.1", "localhost"), word))
        subprocess.run([*command, "--once"], check=True, timeout=LIMIT)
    names = {path.name for path in (tmp_path / "data").glob("*.json")}
    assert names == {"cdni.json", "netmap.json"}


def test_names_in_the_certificate(secrets):
    text = subprocess.run(["openssl", "x509", "-in", secrets / "certificate.pem", "-noout", "-ext",
                           "subjectAltName"], capture_output=True, text=True, check=True).stdout
    assert all(f"DNS:{name}" in text for name in DCDNS)
    modes = {path.name: oct(path.stat().st_mode & 0o777) for path in secrets.iterdir()}
    assert set(modes.values()) == {"0o600"}


def test_the_image_asks_by_options_that_there_are():
    text = (DOCKER / "Dockerfile").read_text()
    shown = run("footprintd", "--help").stdout
    assert all(option in shown for option in re.findall(r"--(?:config|healthcheck)", text))
    assert "--healthcheck" in text and "USER 64064:64064" in text
    # What --healthcheck asks has to be in the configuration.
    assert yaml.safe_load((DOCKER / "footprintd.yaml").read_text())["metrics"]["listen"]
